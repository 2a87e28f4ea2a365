// The readers of the two input files: what they accept, what they refuse, and how they say where.
// Texts are written out here, so that no file is needed; the last test reads the real ones.
// No clock, no network.
#include "input.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace flight_delays {
namespace {

TEST(Flights, ReadsFieldsAndLeavesWrongTypesAbsent) {
  const auto rows = parse_flights(
      R"([{"date":"2001/01/10 18:20","delay":-3,"distance":400,"origin":"SFO","destination":"LAX"},
          {"date":7,"delay":"late","origin":null}])");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].date, "2001/01/10 18:20");
  EXPECT_EQ(rows[0].delay_minutes, -3);
  EXPECT_EQ(rows[0].distance_miles, 400);
  EXPECT_EQ(rows[0].origin, "SFO");
  EXPECT_EQ(rows[1].date, "");
  EXPECT_FALSE(rows[1].delay_minutes.has_value());
  EXPECT_FALSE(rows[1].distance_miles.has_value());
}

TEST(Flights, RefusesWhatIsNoArrayOfObjects) {
  EXPECT_THROW(parse_flights("{}"), std::runtime_error);
  EXPECT_THROW(parse_flights("[1]"), std::runtime_error);
  EXPECT_ANY_THROW(parse_flights("[{]"));
}

constexpr char kHeader[] = "iata,name,city,state,country,latitude,longitude\n";

TEST(Airports, ReadsQuotedFieldsAndBothLineEnds) {
  const auto airports = parse_airports(
      std::string(kHeader) + "DBN,\"W. H. \"\"Bud\"\" Barron\",Dublin,GA,USA,32.5,-82.9\r\n" +
      "53A,\"Savage, Sr.\",Montezuma,GA,USA,32.3,-84");
  ASSERT_EQ(airports.size(), 2u);
  EXPECT_EQ(airports[0].name, "W. H. \"Bud\" Barron");
  EXPECT_DOUBLE_EQ(airports[0].longitude, -82.9);
  EXPECT_EQ(airports[1].name, "Savage, Sr.");
  EXPECT_DOUBLE_EQ(airports[1].longitude, -84);
}

TEST(Airports, NamesTheLineOfABadRow) {
  try {
    parse_airports(std::string(kHeader) + "AAA,a,b,c,d,1,2\nBBB,a,b,c,d,north,2\n");
    FAIL() << "a latitude that is no number was accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("airports.csv:3"), std::string::npos) << error.what();
  }
  EXPECT_THROW(parse_airports(std::string(kHeader) + "AAA,a,b\n"), std::runtime_error);
  EXPECT_THROW(parse_airports("code,name\n"), std::runtime_error);
}

TEST(RealFiles, AreReadCompletely) {
  const std::string folder = FLIGHT_DELAYS_DATA;
  EXPECT_EQ(parse_flights(read_file(folder + "/flights-20k.json")).size(), 20'000u);
  EXPECT_EQ(parse_airports(read_file(folder + "/airports.csv")).size(), 3'376u);
}

TEST(RealFiles, MissingOneSaysHowToInstallIt) {
  try {
    read_file("/nonexistent/flights.json");
    FAIL() << "a missing file was read";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("npm ci"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace flight_delays
