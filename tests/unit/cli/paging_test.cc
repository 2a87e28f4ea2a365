// Reading a list to its end: every page is asked for once and nothing is dropped, also of responses
// of several lists. Over a list that is made here, without a scheduler. One
// thread; it waits for nothing.
#include "cli/paging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/v1/asset_service.pb.h"
#include "weir/v1/event_service.pb.h"
#include "weir/v1/run_service.pb.h"

namespace weir::cli {
namespace {

using testing::ElementsAre;

base::Result<v1::PlanRunResponse> plan_page(const v1::PlanRunRequest& request) {
  constexpr int kTasks = 5;
  const int begin = request.page_token().empty() ? 0 : std::stoi(request.page_token());
  v1::PlanRunResponse response;
  const int end = std::min({kTasks, begin + 2, begin + request.page_size()});
  for (int i = begin; i < end; ++i) response.add_tasks(std::to_string(i));
  if (end < kTasks) response.set_next_page_token(std::to_string(end));
  return response;
}

TEST(ReadPages, GoesOnToTheLastPage) {
  const auto items = [](v1::PlanRunResponse& response) { return response.mutable_tasks(); };
  const auto all = read_pages(v1::PlanRunRequest(), 0, plan_page, items, kLargePageSize);
  ASSERT_TRUE(all.ok());
  EXPECT_THAT(all->tasks(), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_EQ(all->next_page_token(), "");
  const auto three = read_pages(v1::PlanRunRequest(), 3, plan_page, items);
  EXPECT_THAT(three->tasks(), ElementsAre("0", "1", "2"));
}

TEST(ReadPages, MergesResponsesOfSeveralLists) {
  int calls = 0;
  const auto list =
      [&](const v1::GetLineageRequest& request) -> base::Result<v1::GetLineageResponse> {
    v1::GetLineageResponse response;
    EXPECT_EQ(request.page_token(), calls == 0 ? "" : std::to_string(calls));
    if (calls < 2) response.add_assets("asset" + std::to_string(calls));
    if (calls > 0) response.add_edges()->set_from("edge" + std::to_string(calls));
    if (++calls < 3) response.set_next_page_token(std::to_string(calls));
    return response;
  };
  const auto all = read_pages_merged(v1::GetLineageRequest(), list);
  ASSERT_TRUE(all.ok());
  EXPECT_THAT(all->assets(), ElementsAre("asset0", "asset1"));
  ASSERT_EQ(all->edges_size(), 2);
  EXPECT_EQ(all->edges(1).from(), "edge2");
  EXPECT_EQ(all->next_page_token(), "");
  EXPECT_EQ(calls, 3);
}

// Events 1 to `last`, two a page, of which only each `step`th is asked for.
struct EventList {
  std::int64_t last = 0;
  std::int64_t step = 1;
  bool grows = false;  // by one with each page, as on a busy scheduler
  int calls = 0;

  base::Result<v1::ListEventsResponse> operator()(const v1::ListEventsRequest& request) {
    ++calls;
    v1::ListEventsResponse response;
    response.set_as_of_seq(last);
    response.set_next_since_seq(request.since_seq());
    for (std::int64_t seq = request.since_seq() + 1; seq <= last; ++seq) {
      if (seq % step != 0) continue;
      response.add_events()->set_seq(seq);
      response.set_next_since_seq(seq);
      if (response.events_size() == 2) break;
    }
    last += grows ? 1 : 0;
    return response;
  }
};

std::vector<std::int64_t> read_seqs(EventList& list) {
  const auto all =
      read_event_pages(v1::ListEventsRequest(), [&](const auto& page) { return list(page); });
  std::vector<std::int64_t> seqs;
  for (const v1::Event& event : all->events()) seqs.push_back(event.seq());
  return seqs;
}

TEST(ReadEventPages, AShortPageIsNotTheEnd) {
  EventList list{.last = 5};
  EXPECT_THAT(read_seqs(list), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(list.calls, 3);
  EventList none;
  EXPECT_THAT(read_seqs(none), ElementsAre());
}

TEST(ReadEventPages, TheEndOfOneRunIsAnEmptyPage) {
  EventList list{.last = 10, .step = 3};  // others' events follow its last one
  EXPECT_THAT(read_seqs(list), ElementsAre(3, 6, 9));
}

TEST(ReadEventPages, EndsWhereTheFirstPageSawTheEnd) {
  EventList list{.last = 4, .grows = true};
  EXPECT_THAT(read_seqs(list), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(list.calls, 2);
}

TEST(ReadPages, AFailureInTheMiddleIsTheAnswer) {
  const auto list =
      [](const v1::GetLineageRequest& request) -> base::Result<v1::GetLineageResponse> {
    if (!request.page_token().empty()) {
      return base::Status(base::Code::kFailedPrecondition, 0, "changed");
    }
    v1::GetLineageResponse response;
    response.set_next_page_token("1");
    return response;
  };
  const auto all = read_pages_merged(v1::GetLineageRequest(), list);
  EXPECT_EQ(all.status().code(), base::Code::kFailedPrecondition);
}

}  // namespace
}  // namespace weir::cli
