// Whether a worker's machine can start a module: what is named when
// none can, and that an unknown fact refuses nothing. Pure
// functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "module/platform.h"

namespace weir::module {
namespace {

PlatformOffer worker(std::string name, std::set<std::string, std::less<>> libraries) {
  PlatformOffer facts;
  facts.worker = std::move(name);
  facts.platform.architecture = "x86_64";
  facts.platform.glibc = "2.36";
  facts.platform.libraries = std::move(libraries);
  return facts;
}

PlatformNeeds needs(std::vector<std::string> libraries) {
  PlatformNeeds out;
  out.pipeline = "etl";
  out.architecture = "x86_64";
  out.glibc = "2.34";
  out.libraries = std::move(libraries);
  return out;
}

TEST(CheckPlatforms, OneWorkerThatFitsIsEnough) {
  const std::vector<PlatformOffer> workers = {worker("a", {"libc.so.6"}),
                                              worker("b", {"libc.so.6", "libpq.so.5"})};
  EXPECT_TRUE(check_platforms(needs({"libpq.so.5"}), workers).ok());
}

TEST(CheckPlatforms, NoWorkerConnectedRefusesNothing) {
  EXPECT_TRUE(check_platforms(needs({"libpq.so.5"}), {}).ok());
}

TEST(CheckPlatforms, NamesExactlyTheLibrariesTheBestWorkerLacks) {
  const std::vector<PlatformOffer> workers = {worker("a", {"libc.so.6"}),
                                              worker("b", {"libc.so.6", "libpq.so.5"})};
  const base::Status status =
      check_platforms(needs({"libc.so.6", "libpq.so.5", "libfaiss.so"}), workers);
  EXPECT_EQ(status.code(), base::Code::kFailedPrecondition);
  EXPECT_EQ(status.error(), base::kErrMissingLibrary);
  EXPECT_THAT(status.message(), testing::HasSubstr("libfaiss.so"));
  EXPECT_THAT(status.message(), testing::HasSubstr("'b'"));
  EXPECT_THAT(status.message(), testing::HasSubstr("folder lib/ beside"));
  EXPECT_THAT(status.message(), testing::Not(testing::HasSubstr("libpq.so.5")));
}

TEST(CheckPlatforms, AnotherArchitectureHasItsOwnNumber) {
  PlatformNeeds arm = needs({});
  arm.architecture = "aarch64";
  const base::Status status = check_platforms(arm, {worker("a", {"libc.so.6"})});
  EXPECT_EQ(status.error(), base::kErrArchitecture);
  EXPECT_THAT(status.message(), testing::HasSubstr("aarch64"));
}

TEST(CheckPlatforms, ANewerGlibcIsNamedWithBothVersions) {
  PlatformNeeds newer = needs({});
  newer.glibc = "2.38";
  const base::Status status = check_platforms(newer, {worker("a", {"libc.so.6"})});
  EXPECT_EQ(status.error(), base::kErrMissingLibrary);
  EXPECT_THAT(status.message(), testing::HasSubstr("2.38"));
  EXPECT_THAT(status.message(), testing::HasSubstr("2.36"));
}

TEST(CheckPlatforms, AWorkerThatCouldNotTellIsNotHeldAgainstTheModule) {
  PlatformOffer silent;
  silent.worker = "silent";
  EXPECT_TRUE(check_platforms(needs({"libpq.so.5"}), {silent}).ok());
}

TEST(VersionAtLeast, ComparesNumbersAndNotText) {
  EXPECT_TRUE(version_at_least("2.36", "2.4"));
  EXPECT_FALSE(version_at_least("2.4", "2.36"));
  EXPECT_TRUE(version_at_least("2.36", "2.36"));
  EXPECT_TRUE(version_at_least("3", "2.99.1"));
  EXPECT_FALSE(version_at_least("2.2", "2.2.5"));
}

}  // namespace
}  // namespace weir::module
