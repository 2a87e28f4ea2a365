// Codes that work once and soon expire, and passes that outlive a restart but not the token.
// Time is what the test says.
// No server, no threads.
#include "scheduler/access/browser_passes.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace weir::access {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

class BrowserPassesTest : public testing::Test {
 protected:
  void advance(base::Duration time) {
    now_.boot += time;
    now_.wall += time;
  }

  base::Now now_{base::WallTime(seconds(1'800'000'000)), base::BootTime(seconds(1000))};
  BrowserPasses passes_{"secret", [this] { return now_; }};
};

TEST_F(BrowserPassesTest, ACodeWorksOnce) {
  const std::string code = passes_.make_code();
  EXPECT_EQ(code.size(), 64u);
  advance(minutes(1));
  EXPECT_TRUE(passes_.redeem(code));
  EXPECT_FALSE(passes_.redeem(code));
}

TEST_F(BrowserPassesTest, ACodeExpires) {
  const std::string in_time = passes_.make_code();
  advance(kCodeLife - seconds(1));
  EXPECT_TRUE(passes_.redeem(in_time));
  const std::string late = passes_.make_code();
  advance(kCodeLife);
  EXPECT_FALSE(passes_.redeem(late));
}

TEST_F(BrowserPassesTest, OtherCodesAreRefusedAndSpoilNothing) {
  const std::string code = passes_.make_code();
  for (const std::string& wrong : {std::string(), std::string("x"), std::string(64, '0'),
                                   code.substr(1), code + "0", std::string("secret")}) {
    EXPECT_FALSE(passes_.redeem(wrong)) << wrong;
  }
  EXPECT_TRUE(passes_.redeem(code));
}

TEST_F(BrowserPassesTest, TheOldestCodeGoesWhenThereAreTooMany) {
  const std::string first = passes_.make_code();
  const std::string second = passes_.make_code();
  std::set<std::string> made{first, second};
  while (made.size() < kCodesMax + 1) made.insert(passes_.make_code());
  EXPECT_FALSE(passes_.redeem(first));
  EXPECT_TRUE(passes_.redeem(second));
}

TEST_F(BrowserPassesTest, APassAdmitsUntilItExpires) {
  const std::string pass = passes_.make_pass();
  EXPECT_TRUE(passes_.admits(pass));
  advance(kPassLife - seconds(1));
  EXPECT_TRUE(passes_.admits(pass));
  advance(seconds(2));
  EXPECT_FALSE(passes_.admits(pass));
}

TEST_F(BrowserPassesTest, APassOutlivesARestartAndEndsWithTheToken) {
  const std::string pass = passes_.make_pass();
  now_.boot = base::BootTime(seconds(1));
  now_.wall += days(1);
  const BrowserPasses restarted("secret", [this] { return now_; });
  EXPECT_TRUE(restarted.admits(pass));
  const BrowserPasses of_another_token("another", [this] { return now_; });
  EXPECT_FALSE(of_another_token.admits(pass));
}

TEST_F(BrowserPassesTest, APassCannotBeForgedOrProlonged) {
  const std::string pass = passes_.make_pass();
  const std::string expiry = pass.substr(0, pass.find('.'));
  const std::string signature = pass.substr(pass.find('.'));
  std::string flipped = pass;
  flipped.back() = flipped.back() == '0' ? '1' : '0';
  const std::string later = std::to_string(std::stoll(expiry) + 1);
  for (const std::string& wrong : {std::string(), std::string("."), expiry, expiry + ".", signature,
                                   flipped, later + signature, "0" + pass, pass + " ", "-" + pass,
                                   std::string("secret"), std::string(4000, '9') + signature}) {
    EXPECT_FALSE(passes_.admits(wrong)) << wrong;
  }
}

TEST_F(BrowserPassesTest, APassHoldsNothingOfTheTokenAndFitsACookie) {
  const std::string pass = passes_.make_pass();
  EXPECT_EQ(pass.find("secret"), pass.npos);
  EXPECT_EQ(pass.find_first_not_of("0123456789abcdef."), pass.npos);
  EXPECT_NE(pass_cookie_name("7600"), pass_cookie_name("7610"));
}

}  // namespace
}  // namespace weir::access
