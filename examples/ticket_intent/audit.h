// What must hold of the values before anybody trains on them. Each is a check of the pipeline: pure
// functions of a value and limits, with a reason that names the first offence.
// They must not change anything: cleaning does.
#pragma once

#include <vector>

#include "values.h"
#include <weir/verdict.h>

namespace ticket_intent {

// `-p limits.new_tickets_min=0` overrides one of them.
struct Limits {
  int new_tickets_min = 50;        // a day brings some hundreds
  double kept_share_min = 0.7;     // of the tickets, by cleaning
  int examples_min = 100;          // in the training set
  double intent_share_min = 0.02;  // of each intent among the examples
  double intent_share_max = 0.6;
  double agent_share_min = 0.3;  // of the examples: labelled by a person
};

// Of the archive: ids are positive, each once, in order; times are between 2000 and 2100.
weir::Verdict audit_schema(const Archive& archive);
// Of the archive: channels are those that we know. A new one is no harm, but somebody should look.
weir::Verdict audit_channels(const Archive& archive);
// Of the archive: the latest reading brought as many as a day has.
weir::Verdict audit_new_tickets(const Archive& archive, const Limits& limits);
// Of the cleaned tickets: most were kept. A source that sends rubbish shows here.
weir::Verdict audit_kept(const Cleaned& cleaned, const Limits& limits);
// Of the examples: enough of them.
weir::Verdict audit_volume(const std::vector<Example>& examples, const Limits& limits);
// Of the examples: known intents, each with its share.
weir::Verdict audit_intents(const std::vector<Example>& examples, const Limits& limits);
// Of the examples: texts are UTF-8, none occurs twice, nothing personal is left.
weir::Verdict audit_texts(const std::vector<Example>& examples);
// Of the examples: rules have not taken over from people.
weir::Verdict audit_labellers(const std::vector<Example>& examples, const Limits& limits);

}  // namespace ticket_intent
