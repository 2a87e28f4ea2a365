// Lines by nlohmann::json, which escapes; members in the order in which they are put.
// A text that is no UTF-8 throws; the checks before it let none through.
// Any thread.
#include "training_files.h"

#include <fstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace ticket_intent {

std::string json_line(const Example& example) {
  const nlohmann::ordered_json line = {
      {"id", example.id}, {"day", example.day}, {"text", example.text}, {"intent", example.intent}};
  return line.dump() + "\n";
}

void write_training_files(const std::vector<Example>& examples,
                          const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream train(folder / "train.jsonl", std::ios::binary);
  std::ofstream validation(folder / "validation.jsonl", std::ios::binary);
  for (const Example& example : examples) {
    (example.validation ? validation : train) << json_line(example);
  }
  train.close();
  validation.close();
  if (!train || !validation) {
    throw std::runtime_error("cannot write the training files to " + folder.string());
  }
}

}  // namespace ticket_intent
