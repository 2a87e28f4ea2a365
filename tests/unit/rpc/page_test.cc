// Pages of answers that are computed as a whole: bounded by rows and by bytes, bound to the answer
// that they are of. What is no token, and what is one of another answer, is refused. One thread,
// without a service.
#include "scheduler/rpc/services/page.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "weir/v1/run_service.pb.h"

namespace weir::rpc {
namespace {

const base::Digest kAnswer = base::sha256("the answer");

base::Result<v1::PlanRunResponse> page_of(const std::vector<std::string>& rows, int size,
                                          const std::string& token,
                                          const base::Digest& answer = kAnswer) {
  v1::PlanRunResponse response;
  const base::Status status = fill_answer_page(
      {size, token}, answer, rows.size(), &response,
      [&](std::size_t row) { return rows[row].size(); },
      [&](std::size_t row) { response.add_tasks(rows[row]); });
  if (!status.ok()) return status;
  return response;
}

std::vector<int> sizes_of_pages(const std::vector<std::string>& rows, int size) {
  std::vector<int> sizes;
  std::string token;
  std::size_t next = 0;
  do {
    const auto page = page_of(rows, size, token);
    EXPECT_TRUE(page.ok()) << page.status().text();
    if (!page.ok()) return sizes;
    for (const std::string& task : page->tasks()) EXPECT_EQ(task, rows[next++]);
    sizes.push_back(page->tasks_size());
    token = page->next_page_token();
  } while (!token.empty());
  EXPECT_EQ(next, rows.size());
  return sizes;
}

TEST(AnswerPage, IsBoundedByRows) {
  const std::vector<std::string> rows{"a", "b", "c", "d", "e"};
  EXPECT_EQ(sizes_of_pages(rows, 2), (std::vector<int>{2, 2, 1}));
  EXPECT_EQ(sizes_of_pages(rows, 5), (std::vector<int>{5}));
  EXPECT_EQ(sizes_of_pages({}, 5), (std::vector<int>{0}));
}

TEST(AnswerPage, IsBoundedByBytesButNeverEmpty) {
  const std::string half(kPageBytesMax / 2, 'x');
  EXPECT_EQ(sizes_of_pages({half, half, half, "y"}, 100), (std::vector<int>{2, 2}));
  const std::string large(kPageBytesMax + 1, 'x');
  EXPECT_EQ(sizes_of_pages({large, large, "y"}, 100), (std::vector<int>{1, 1, 1}));
}

TEST(AnswerPage, TokenOfAnotherAnswerIsRefused) {
  const std::vector<std::string> rows{"a", "b", "c"};
  const std::string token = page_of(rows, 1, "")->next_page_token();
  EXPECT_TRUE(page_of(rows, 1, token).ok());
  const auto other = page_of(rows, 1, token, base::sha256("another"));
  EXPECT_EQ(other.status().code(), base::Code::kFailedPrecondition);
  EXPECT_EQ(other.status().error(), base::kErrPageStale);
}

TEST(AnswerPage, WhatIsNoTokenIsRefused) {
  const std::string digest = answer_token(kAnswer, 0).substr(0, 16);
  for (const std::string& token : {std::string("rubbish"), digest, digest + ".", digest + ".-1",
                                   digest + ".4", digest + ".1.1", digest + ".x", "." + digest,
                                   std::string(16, 'z') + ".1", digest + ".99999999999999999999"}) {
    const auto page = page_of({"a", "b", "c"}, 1, token);
    EXPECT_EQ(page.status().code(), base::Code::kInvalidArgument) << token;
    EXPECT_EQ(page.status().error(), base::kErrPageToken) << token;
  }
}

}  // namespace
}  // namespace weir::rpc
