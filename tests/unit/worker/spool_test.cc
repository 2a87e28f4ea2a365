// Logs of an attempt on a disk whose room the test decides: nothing is written into the reserve,
// and the log says what is missing where. Files are real, below a directory of the test's own; no
// disk is filled.
#include "worker/executors/spool.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>

#include <gtest/gtest.h>

namespace weir::worker {
namespace {

class SpoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/weir-spool-test-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  AttemptSpool spool() {
    return AttemptSpool(directory_, kOwner, LogLimits{}, [this] { return room_; });
  }
  std::string log() const {
    std::ifstream file(spool_path(directory_, kOwner, LogStream::kStdout), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  static constexpr LogOwner kOwner{7, {{1}, 2, 3}};
  std::string directory_;
  std::int64_t room_ = 1 << 30;
};

TEST_F(SpoolTest, WhatDoesNotFitBesideTheReserveIsLostAndSaidSo) {
  AttemptSpool logs = spool();
  logs.append(LogStream::kStdout, "before\n");
  room_ = 0;
  const std::string flood(std::size_t(kRoomLookBytes), 'f');
  logs.append(LogStream::kStdout, flood);
  logs.append(LogStream::kStdout, "lost, too\n");
  EXPECT_EQ(log(), "before\n");
  logs.finish();
  EXPECT_EQ(log(), "before\n[weir: " + std::to_string(flood.size() + 10) +
                       " bytes lost here: the worker's disk was full]\n");
  EXPECT_EQ(logs.sizes().at(0).bytes, std::int64_t(log().size()));
}

TEST_F(SpoolTest, ALogGoesOnWhenThereIsRoomAgain) {
  AttemptSpool logs = spool();
  room_ = 0;
  logs.append(LogStream::kStdout, "lost");
  room_ = 1 << 20;
  logs.append(LogStream::kStdout, "after");
  logs.finish();
  EXPECT_EQ(log(), "[weir: 4 bytes lost here: the worker's disk was full]\nafter");
}

}  // namespace
}  // namespace weir::worker
