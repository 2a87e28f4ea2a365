// The digest of a bundle depends on its files and their modes, and on nothing else: not on the
// order in which they are listed. The layout of the hashed lines is held too, because digests are
// stored.
#include "module/bundle.h"

#include <gtest/gtest.h>

namespace weir::module {
namespace {

using base::sha256;

TEST(BundleDigest, OrderDoesNotMatter) {
  const BundleEntry program{"app", sha256("1"), true};
  const BundleEntry library{"lib/x.so", sha256("2"), false};
  const std::vector<BundleEntry> one{program, library};
  const std::vector<BundleEntry> other{library, program};
  EXPECT_EQ(bundle_digest(one), bundle_digest(other));
}

TEST(BundleDigest, PathModeAndBytesMatter) {
  const std::vector<BundleEntry> base{{"app", sha256("1"), true}};
  const std::vector<BundleEntry> renamed{{"app2", sha256("1"), true}};
  const std::vector<BundleEntry> plain{{"app", sha256("1"), false}};
  const std::vector<BundleEntry> changed{{"app", sha256("2"), true}};
  EXPECT_NE(bundle_digest(base), bundle_digest(renamed));
  EXPECT_NE(bundle_digest(base), bundle_digest(plain));
  EXPECT_NE(bundle_digest(base), bundle_digest(changed));
}

TEST(BundleDigest, IsTheHashOfTheDocumentedLines) {
  const std::vector<BundleEntry> one{{"app", sha256("1"), true}};
  const std::string line = std::string("app\0x\0", 6) + sha256("1").hex() + "\n";
  EXPECT_EQ(bundle_digest(one), sha256(line));
}

}  // namespace
}  // namespace weir::module
