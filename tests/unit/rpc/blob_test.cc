// Uploads within their limits and downloads verified on the way, over a store in memory
// whose files are in a temporary directory. What the disk does is the store's own tests'
// business.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "scheduler/rpc/blob_reader.h"
#include "scheduler/rpc/blob_upload.h"

namespace weir::rpc {
namespace {

namespace fs = std::filesystem;

class FakeBlobStore final : public ports::BlobStore {
 public:
  FakeBlobStore() {
    std::string name = fs::temp_directory_path() / "weir-blob-XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~FakeBlobStore() override { fs::remove_all(directory_); }

  // A file on disk under a digest that may or may not be its own.
  void add(const engine::Digest& digest, const std::string& path, const std::string& bytes) {
    const fs::path file = directory_ / std::to_string(++count_);
    std::ofstream(file, std::ios::binary) << bytes;
    files_[digest].push_back({path, file, static_cast<std::int64_t>(bytes.size()), false});
  }

  base::Result<std::unique_ptr<ports::BlobWriter>> create(const engine::Digest& digest,
                                                          engine::ArtifactKind,
                                                          std::int64_t) override {
    return std::unique_ptr<ports::BlobWriter>(std::make_unique<Writer>(*this, digest));
  }
  bool contains(const engine::Digest& digest) override { return files_.contains(digest); }
  base::Result<std::vector<ports::BlobFile>> files(const engine::Digest& digest) override {
    if (!contains(digest)) return base::Status(base::Code::kNotFound, 0, "none");
    return files_[digest];
  }
  base::Status set_aside_damaged(const engine::Digest& digest) override {
    if (damaged.contains(digest)) files_.erase(digest);
    return {};
  }
  std::set<engine::Digest> damaged;

 private:
  class Writer final : public ports::BlobWriter {
   public:
    Writer(FakeBlobStore& store, engine::Digest digest) : store_(store), digest_(digest) {}
    base::Status append(std::string_view bytes) override {
      bytes_ += bytes;
      return {};
    }
    base::Status start_file(const std::string&, bool) override { return {}; }
    base::Status finish() override {
      if (base::sha256(bytes_) != digest_) {
        return base::Status(base::Code::kDataLoss, base::kErrFileDigest, "other bytes");
      }
      store_.add(digest_, "", bytes_);
      return {};
    }

   private:
    FakeBlobStore& store_;
    engine::Digest digest_;
    std::string bytes_;
  };

  fs::path directory_;
  int count_ = 0;
  std::map<engine::Digest, std::vector<ports::BlobFile>> files_;
};

base::Status read_all(BlobReader& reader, std::string* out, int* chunks = nullptr) {
  for (;;) {
    auto chunk = reader.next();
    if (!chunk.ok()) return chunk.status();
    if (chunks != nullptr) ++*chunks;
    if (chunk->file != nullptr) *out += "<" + chunk->file->path + ">";
    *out += chunk->bytes;
    if (chunk->last) return {};
  }
}

TEST(BlobReader, GivesAFileInChunksAndVerifiesIt) {
  FakeBlobStore store;
  const std::string bytes(ports::kChunkBytes * 2 + 17, 'x');
  store.add(base::sha256(bytes), "", bytes);
  auto reader = BlobReader::open(store, base::sha256(bytes));
  ASSERT_TRUE(reader.ok());
  std::string out;
  int chunks = 0;
  ASSERT_TRUE(read_all(**reader, &out, &chunks).ok());
  EXPECT_EQ(out, bytes);
  EXPECT_EQ(chunks, 3);
}

TEST(BlobReader, AFileOfWholeChunksEndsWithoutAnEmptyOne) {
  FakeBlobStore store;
  const std::string bytes(ports::kChunkBytes, 'x');
  store.add(base::sha256(bytes), "", bytes);
  std::string out;
  int chunks = 0;
  ASSERT_TRUE(read_all(*BlobReader::open(store, base::sha256(bytes)).value(), &out, &chunks).ok());
  EXPECT_EQ(chunks, 1);
}

TEST(BlobReader, AnEmptyFileIsAValueToo) {
  FakeBlobStore store;
  store.add(base::sha256(""), "", "");
  std::string out;
  EXPECT_TRUE(read_all(*BlobReader::open(store, base::sha256("")).value(), &out).ok());
}

TEST(BlobReader, ChangedBytesAreDataLossBeforeTheLastChunk) {
  FakeBlobStore store;
  const std::string bytes(ports::kChunkBytes + 5, 'x');
  std::string changed = bytes;
  changed.back() = 'y';
  store.add(base::sha256(bytes), "", changed);
  std::string out;
  const base::Status status = read_all(*BlobReader::open(store, base::sha256(bytes)).value(), &out);
  EXPECT_EQ(status.code(), base::Code::kDataLoss);
  EXPECT_EQ(status.error(), base::kErrArtifactCorrupt);
  EXPECT_EQ(out.size(), ports::kChunkBytes);
}

// Whoever reads it first notices; the next one to bring the bytes must not find the name taken.
TEST(BlobReader, ADamagedBlobIsSetAsideByWhoReadsIt) {
  FakeBlobStore store;
  const engine::Digest digest = base::sha256("good");
  store.add(digest, "", "evil");
  store.damaged.insert(digest);
  std::string out;
  EXPECT_EQ(read_all(*BlobReader::open(store, digest).value(), &out).code(), base::Code::kDataLoss);
  EXPECT_FALSE(store.contains(digest));
}

TEST(BlobUpload, ADamagedBlobIsReplacedByWhatIsUploaded) {
  FakeBlobStore store;
  const engine::Digest digest = base::sha256("good");
  store.add(digest, "", "evil");
  store.damaged.insert(digest);
  BlobUpload upload(store, 100);
  ASSERT_TRUE(upload.begin(digest, engine::ArtifactKind::kBytes, 4).ok());
  EXPECT_FALSE(upload.held());
  ASSERT_TRUE(upload.append("good").ok());
  ASSERT_TRUE(upload.finish().ok());
  store.damaged.clear();
  std::string out;
  EXPECT_TRUE(read_all(*BlobReader::open(store, digest).value(), &out).ok());
  EXPECT_EQ(out, "good");
}

TEST(BlobReader, ATreeComesFileByFileAndItsDigestIsThatOfTheBundle) {
  FakeBlobStore store;
  const module::BundleEntry entries[] = {{"a", base::sha256("1"), false},
                                         {"b/c", base::sha256(""), false}};
  const engine::Digest digest = module::bundle_digest(entries);
  store.add(digest, "a", "1");
  store.add(digest, "b/c", "");
  auto reader = BlobReader::open(store, digest);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->kind(), engine::ArtifactKind::kTree);
  std::string out;
  ASSERT_TRUE(read_all(**reader, &out).ok());
  EXPECT_EQ(out, "<a>1<b/c>");
}

TEST(BlobUpload, IsDurableOnlyWhenTheDigestMatches) {
  FakeBlobStore store;
  BlobUpload good(store, 100);
  ASSERT_TRUE(good.begin(base::sha256("abc"), engine::ArtifactKind::kFile, 3).ok());
  ASSERT_TRUE(good.append("ab").ok());
  ASSERT_TRUE(good.append("c").ok());
  ASSERT_TRUE(good.finish().ok());
  EXPECT_TRUE(store.contains(base::sha256("abc")));

  BlobUpload bad(store, 100);
  ASSERT_TRUE(bad.begin(base::sha256("xyz"), engine::ArtifactKind::kFile, 3).ok());
  ASSERT_TRUE(bad.append("xyy").ok());
  EXPECT_EQ(bad.finish().error(), base::kErrFileDigest);
  EXPECT_FALSE(store.contains(base::sha256("xyz")));
}

TEST(BlobUpload, RefusesMoreThanTheLimitAndMoreThanAnnounced) {
  FakeBlobStore store;
  BlobUpload large(store, 100);
  const base::Status over = large.begin(base::sha256("x"), engine::ArtifactKind::kFile, 101);
  EXPECT_EQ(over.error(), base::kErrLimit);
  BlobUpload upload(store, 100);
  ASSERT_TRUE(upload.begin(base::sha256("abc"), engine::ArtifactKind::kFile, 3).ok());
  EXPECT_FALSE(upload.append("abcd").ok());
}

TEST(BlobUpload, AnUploadThatStopsEarlyIsDataLoss) {
  FakeBlobStore store;
  BlobUpload upload(store, 100);
  ASSERT_TRUE(upload.begin(base::sha256("abc"), engine::ArtifactKind::kFile, 3).ok());
  ASSERT_TRUE(upload.append("ab").ok());
  EXPECT_EQ(upload.finish().code(), base::Code::kDataLoss);
}

TEST(BlobUpload, ATreePathThatLeavesTheTreeIsRefused) {
  FakeBlobStore store;
  BlobUpload upload(store, 100);
  ASSERT_TRUE(upload.begin(base::sha256("abc"), engine::ArtifactKind::kTree, 3).ok());
  EXPECT_FALSE(upload.start_file("../x", false).ok());
  EXPECT_TRUE(upload.start_file("x", false).ok());
}

TEST(BlobUpload, WhatIsHeldNeedsNoBytes) {
  FakeBlobStore store;
  store.add(base::sha256("abc"), "", "abc");
  BlobUpload upload(store, 100);
  ASSERT_TRUE(upload.begin(base::sha256("abc"), engine::ArtifactKind::kFile, 3).ok());
  EXPECT_TRUE(upload.held());
  EXPECT_TRUE(upload.finish().ok());
}

}  // namespace
}  // namespace weir::rpc
