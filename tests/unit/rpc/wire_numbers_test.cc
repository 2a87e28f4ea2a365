// The engine and the worker protocol name the same things by the same numbers: enumerators are
// compared by their names, so that a new one is either known to both or fails here. Pure
// functions, no fixture.
#include "engine/wire_numbers.h"

#include <algorithm>
#include <cctype>
#include <string>

#include <gtest/gtest.h>

#include "weir/worker/v1/worker.pb.h"

namespace weir::rpc {
namespace {

namespace wire = worker::v1;

std::string upper(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return out;
}

// `name_of` of the engine's enumerator is the proto's without its prefix, in lower case.
template <class Enum, class Proto, class EngineName, class ProtoName>
void expect_same(const std::string& prefix, EngineName name_of, ProtoName proto_name_of,
                 Enum first = Enum{}, Enum last = engine::WireEnum<Enum>::last) {
  for (int i = int(first); i <= int(last); ++i) {
    const auto value = static_cast<Enum>(i);
    const int number = engine::wire_number(value);
    EXPECT_EQ(proto_name_of(static_cast<Proto>(number)), prefix + upper(name_of(value)));
    EXPECT_EQ(engine::from_wire<Enum>(number), value);
  }
}

TEST(WireNumbers, EngineAndWorkerProtocolNameEnumeratorsAlike) {
  using engine::OutcomeClass;
  expect_same<OutcomeClass, wire::Outcome>("OUTCOME_", engine::outcome_name,
                                           wire::Outcome_Name<wire::Outcome>,
                                           OutcomeClass::kSucceeded, OutcomeClass::kLoadError);
  expect_same<module::CheckSeverity, wire::CheckSeverity>(
      "CHECK_SEVERITY_", base::word_of<module::CheckSeverity>,
      wire::CheckSeverity_Name<wire::CheckSeverity>);
  EXPECT_EQ(engine::wire_number(engine::ArtifactKind::kBytes), wire::ARTIFACT_KIND_BYTES);
  EXPECT_EQ(engine::wire_number(engine::ArtifactKind::kFile), wire::ARTIFACT_KIND_FILE);
  EXPECT_EQ(engine::wire_number(engine::ArtifactKind::kTree), wire::ARTIFACT_KIND_TREE);
  EXPECT_EQ(engine::wire_number(engine::ArtifactKind::kExternal), wire::ARTIFACT_KIND_EXTERNAL);
  EXPECT_EQ(engine::wire_number(engine::SuccessKind::kValue), wire::SUCCESS_KIND_VALUE);
  EXPECT_EQ(engine::wire_number(engine::SuccessKind::kSkipped), wire::SUCCESS_KIND_SKIPPED);
  EXPECT_EQ(engine::wire_number(engine::SuccessKind::kUnchanged), wire::SUCCESS_KIND_UNCHANGED);
}

TEST(WireNumbers, WhatANewerPeerSaysIsNothingKnown) {
  EXPECT_EQ(engine::from_wire<engine::ArtifactKind>(0), std::nullopt);
  EXPECT_EQ(engine::from_wire<engine::ArtifactKind>(5), std::nullopt);
  EXPECT_EQ(engine::from_wire<engine::SuccessKind>(-1), std::nullopt);
}

}  // namespace
}  // namespace weir::rpc
