// What customers write, by intent: pieces of which the generator makes tickets. Words in braces are
// filled in. Constant tables.
// The pipeline must not include it: it is to find out from the texts.
#pragma once

#include <span>
#include <string_view>

namespace ticket_intent::generator {

struct Topic {
  std::string_view intent;
  std::string_view spellings[4];  // as agents type it
  std::string_view subjects[3];   // of no other topic
  std::string_view problems[5];
};

std::span<const Topic> topics();
std::span<const std::string_view> greetings();
std::span<const std::string_view> details();   // some with personal data
std::span<const std::string_view> closings();  // with {name}
std::span<const std::string_view> names();
std::span<const std::string_view> products();

}  // namespace ticket_intent::generator
