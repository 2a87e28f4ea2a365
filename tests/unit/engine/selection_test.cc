// The selection language over one small graph: grammar, precedence, graph operators, errors with
// their column, and the bounds on nesting and length. Pure: no engine, only the graph below. That
// runs use it is plan_test's.
#include "engine/plan/selection.h"

#include <string>

#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::engine {
namespace {

// raw ─► clean ─► features ─► model ─► report
//          └────► stats ───────────────┘   crm/customers stands alone; stats also makes stats_daily
const Graph& graph() {
  static const Graph nodes = {
      {{"raw"}, {}, {1}},          {{"clean"}, {0}, {2, 3}},
      {{"features"}, {1}, {4}},    {{"stats", "stats_daily"}, {1}, {5}},
      {{"model"}, {2}, {5}},       {{"report"}, {4, 3}, {}},
      {{"crm/customers"}, {}, {}},
  };
  return nodes;
}

// The names of what is chosen, or the error's text.
std::string chosen(std::string_view expression) {
  const auto set = select(graph(), expression);
  if (!set.ok()) return set.status().text();
  std::string names;
  for (std::size_t i = 0; i < set->size(); ++i) {
    if ((*set)[i]) names += (names.empty() ? "" : " ") + std::string(graph()[i].names[0]);
  }
  return names;
}

TEST(Selection, NamesChooseStagesByTaskOrAsset) {
  EXPECT_EQ(chosen("clean"), "clean");
  EXPECT_EQ(chosen("  stats_daily "), "stats");
  EXPECT_EQ(chosen("crm/customers"), "crm/customers");
}

TEST(Selection, WildcardsMatchAnyCharacters) {
  EXPECT_EQ(chosen("*"), "raw clean features stats model report crm/customers");
  EXPECT_EQ(chosen("r*"), "raw report");
  EXPECT_EQ(chosen("*e*r*"), "features report crm/customers");
  EXPECT_EQ(chosen("crm/*"), "crm/customers");
  EXPECT_EQ(chosen("*daily"), "stats");
  EXPECT_EQ(chosen("**port*"), "report");
}

TEST(Selection, PlusWalksUpAndDown) {
  EXPECT_EQ(chosen("+model"), "raw clean features model");
  EXPECT_EQ(chosen("stats+"), "stats report");
  EXPECT_EQ(chosen("+features+"), "raw clean features model report");
  EXPECT_EQ(chosen("1+model"), "features model");
  EXPECT_EQ(chosen("2+model"), "clean features model");
  EXPECT_EQ(chosen("clean+1"), "clean features stats");
  EXPECT_EQ(chosen("2+features+1"), "raw clean features model");
  EXPECT_EQ(chosen("0+model+0"), "model");
  EXPECT_EQ(chosen("1+*odel"), "features model");
}

TEST(Selection, AtTakesDescendantsAndAllTheirAncestors) {
  EXPECT_EQ(chosen("@features"), "raw clean features stats model report");
  EXPECT_EQ(chosen("@report"), "raw clean features stats model report");
  EXPECT_EQ(chosen("@crm/customers"), "crm/customers");
}

TEST(Selection, NotBindsTighterThanAndTighterThanOr) {
  EXPECT_EQ(chosen("raw or model and report"), "raw");
  EXPECT_EQ(chosen("(raw or model) and m*"), "model");
  EXPECT_EQ(chosen("not raw and r*"), "report");
  EXPECT_EQ(chosen("not (raw or r*) and *e*"), "clean features model crm/customers");
  EXPECT_EQ(chosen("not not raw"), "raw");
  EXPECT_EQ(chosen("raw, clean,model"), "raw clean model");
  EXPECT_EQ(chosen("raw or clean and not clean"), "raw");
  EXPECT_EQ(chosen("+model and not +features"), "model");
}

TEST(Selection, KeywordsEndAtTheNameBoundary) {
  const Graph words = {{{"order"}, {}, {}}, {{"android"}, {}, {}}, {{"notes"}, {}, {}}};
  const auto set = select(words, "order or android and notes");
  ASSERT_TRUE(set.ok()) << set.status().text();
  EXPECT_TRUE((*set)[0]);
  EXPECT_FALSE((*set)[1]);
  EXPECT_FALSE((*set)[2]);
}

TEST(Selection, AnEmptyIntersectionIsNotASyntaxError) { EXPECT_EQ(chosen("raw and clean"), ""); }

// The message without its number, so that the caret can be read below its column.
std::string error(std::string_view expression) {
  const auto set = select(graph(), expression);
  return set.ok() ? "no error" : set.status().message();
}

TEST(Selection, SyntaxErrorsPointAtTheColumn) {
  EXPECT_EQ(error("raw and"),
            "selection, column 8: a name is missing\n"
            "  raw and\n"
            "         ^");
  EXPECT_EQ(error("(raw or clean"),
            "selection, column 14: a ')' is missing\n"
            "  (raw or clean\n"
            "               ^");
  EXPECT_EQ(error("raw clean"),
            "selection, column 5: unexpected 'c'\n"
            "  raw clean\n"
            "      ^");
  EXPECT_EQ(error("raw & clean"),
            "selection, column 5: unexpected '&'\n"
            "  raw & clean\n"
            "      ^");
  EXPECT_EQ(error("2raw"),
            "selection, column 2: a number of levels is followed by '+', as in 2+name\n"
            "  2raw\n"
            "   ^");
  EXPECT_EQ(error("   "),
            "selection, column 4: the selection is empty; `*` selects everything\n"
            "     \n"
            "     ^");
}

TEST(Selection, SyntaxErrorsAreInvalidArguments) {
  EXPECT_EQ(select(graph(), "raw and").status().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(select(graph(), "raw and").status().error(), base::kErrSelection);
}

TEST(Selection, AnUnknownMethodIsToldFromANameAndTheMethodsThereAreAreTold) {
  for (const char* text : {"tag:nightly=1", "raw and group:x", "status:failed"}) {
    const auto set = select(graph(), text);
    ASSERT_FALSE(set.ok()) << text;
    EXPECT_EQ(set.status().error(), base::kErrSelection);
    EXPECT_NE(set.status().message().find("there is no method '"), std::string::npos);
    EXPECT_NE(set.status().message().find("@x"), std::string::npos) << set.status().message();
    EXPECT_EQ(set.status().message().find("is named"), std::string::npos);
  }
  EXPECT_NE(chosen("raw and group:x").find("column 9: there is no method 'group:'"),
            std::string::npos)
      << chosen("raw and group:x");
}

TEST(Selection, AnUnknownNameIsNotFoundAndNamesTheNearest) {
  const auto set = select(graph(), "raw or modle");
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.status().code(), base::Code::kNotFound);
  EXPECT_EQ(set.status().error(), base::kErrUnknownAsset);
  EXPECT_EQ(set.status().message(),
            "selection, column 8: no asset or task is named 'modle'. Did you mean 'model'?\n"
            "  raw or modle\n"
            "         ^");
}

TEST(Selection, NestingAndLengthAreBounded) {
  EXPECT_EQ(chosen(std::string(90, '(') + "raw" + std::string(90, ')')), "raw");
  EXPECT_NE(error(std::string(5000, '(')).find("nested too deeply"), std::string::npos);
  std::string nots;
  for (int i = 0; i < 2000; ++i) nots += "not ";
  EXPECT_NE(error(nots + "raw").find("nested too deeply"), std::string::npos);
  EXPECT_EQ(select(graph(), std::string(kSelectionBytesMax + 1, 'a')).status().error(),
            base::kErrLimit);
}

}  // namespace
}  // namespace weir::engine
