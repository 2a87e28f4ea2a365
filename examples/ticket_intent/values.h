// The values that the stages hand to each other: plain structs, encoded by Weir from their fields.
// Adding a field with an initialiser keeps old versions readable. No behaviour here; a value is
// immutable once a stage has returned it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ticket_intent {

using Time = std::chrono::sys_time<std::chrono::microseconds>;

// A row of the table as it stands there; nothing is judged yet.
struct Ticket {
  std::int64_t id = 0;
  Time created_at;      // by the customer's clock, which may be wrong
  Time updated_at;      // by the clock of the server that wrote the row last
  std::string channel;  // "web", "mail", "chat"
  std::string subject;
  std::string body;                   // meant as UTF-8; an old mail gateway writes Windows-1252
  std::optional<std::string> intent;  // as an agent typed it; often days after the ticket
};

// How far the table has been read: the cursor of the stage that reads it.
struct Mark {
  Time updated_at;
};

// What has been read of the table so far: each ticket once, in its newest state, in order of id.
struct Archive {
  std::vector<Ticket> tickets;
  std::int64_t added = 0;    // by the latest reading: tickets that were not there
  std::int64_t changed = 0;  // by the latest reading: tickets that were there in an older state
};

// A ticket that a model may see.
struct CleanTicket {
  std::int64_t id = 0;
  std::string day;                    // "2026-11-27", UTC, on which it was written
  std::string text;                   // subject and body: UTF-8, no markup, personal data masked
  std::optional<std::string> intent;  // still as it was typed
};

// What cleaning kept, and why it dropped the rest.
struct Cleaned {
  std::vector<CleanTicket> tickets;  // in order of id, no text twice
  std::int64_t read = 0;
  std::int64_t empty = 0;       // nothing that can be read was left
  std::int64_t duplicates = 0;  // the text of another ticket
  std::int64_t suspect = 0;     // still looks personal after masking
  std::int64_t reencoded = 0;   // was no UTF-8
  std::int64_t html = 0;        // was written with markup
  std::int64_t masked_emails = 0;
  std::int64_t masked_phones = 0;
  std::int64_t masked_cards = 0;
  std::int64_t wrong_clocks = 0;  // the customer's clock cannot have been right
};

// A line of the training set.
struct Example {
  std::int64_t id = 0;  // of the ticket
  std::string day;
  std::string text;
  std::string intent;       // one of intents()
  std::string labelled_by;  // "agent" or "rule"
  bool validation = false;  // held out, else trained on
};

}  // namespace ticket_intent
