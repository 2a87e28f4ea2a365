// The training set as files that trainers read: JSON lines, {"id","day","text","intent"} each.
// Equal examples give equal bytes, so that nothing downstream runs for nothing.
// Any thread; writes below the folder that it is given and nowhere else.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "values.h"

namespace ticket_intent {

// One line, with its line end.
std::string json_line(const Example& example);

// Makes `folder` with train.jsonl and validation.jsonl. Throws std::runtime_error when they cannot
// be written.
void write_training_files(const std::vector<Example>& examples,
                          const std::filesystem::path& folder);

}  // namespace ticket_intent
