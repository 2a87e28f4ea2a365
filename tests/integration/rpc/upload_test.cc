// Bytes in and out: module files, artifacts, logs, and registrations that
// lack something. What is not what it says it is must never become
// visible.
#include <filesystem>
#include <fstream>

#include "base/sha256.h"
#include "module/bundle.h"
#include "scheduler/rpc/limits.h"
#include "tests/integration/rpc/fixture.h"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class UploadTest : public SchedulerTest {
 protected:
  std::vector<std::string> missing(const std::string& digest) {
    Call call(scheduler_->token());
    v1::FindMissingFilesRequest request;
    request.add_digests(digest);
    v1::FindMissingFilesResponse response;
    EXPECT_TRUE(modules_->FindMissingFiles(call.get(), request, &response).ok());
    return {response.digests().begin(), response.digests().end()};
  }

  grpc::Status try_register(const v1::RegisterModulesRequest& request) {
    Call call(scheduler_->token());
    v1::RegisterModulesResponse response;
    return modules_->RegisterModules(call.get(), request, &response);
  }

  grpc::Status upload_artifact(const std::vector<wire::UploadArtifactRequest>& messages) {
    Call call(scheduler_->token());
    wire::UploadArtifactResponse response;
    const auto writer = protocol_->UploadArtifact(call.get(), &response);
    for (const auto& message : messages) {
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  std::string fetch_artifact(const base::Digest& digest, grpc::Status* status) {
    Call call(scheduler_->token());
    wire::FetchArtifactRequest request;
    request.set_digest(std::string(digest.raw()));
    const auto reader = protocol_->FetchArtifact(call.get(), request);
    std::string out;
    wire::FetchArtifactResponse response;
    while (reader->Read(&response)) {
      if (!response.path().empty()) out += "<" + response.path() + ">";
      out += response.chunk();
    }
    *status = reader->Finish();
    return out;
  }
};

TEST_F(UploadTest, AFileIsMissingUntilItIsUploaded) {
  const std::string bytes(3'000'000, 'x');
  const std::string digest = base::sha256(bytes).hex();
  EXPECT_EQ(missing(digest).size(), 1u);
  const grpc::Status status = upload(bytes, digest, 3'000'000);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(missing(digest).empty());
  EXPECT_TRUE(upload(bytes, digest, 3'000'000).ok());  // again: nothing to do
}

TEST_F(UploadTest, AWrongDigestIsRefusedAndLeavesNothing) {
  const std::string digest = base::sha256("other").hex();
  const grpc::Status status = upload("bytes", digest, 5);
  EXPECT_EQ(status.error_code(), grpc::DATA_LOSS);
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0409: "));
  EXPECT_EQ(missing(digest).size(), 1u);
}

TEST_F(UploadTest, MoreThanTheLimitIsRefusedWhenItIsAnnounced) {
  const grpc::Status status = upload("x", base::sha256("x").hex(), std::int64_t{3} << 30);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0003: "));
}

TEST_F(UploadTest, TheLimitOfAFileIsAnOptionAndHoldsForModulesOnly) {
  scheduler_.reset();
  SchedulerOptions limited = options();
  limited.file_bytes_max = 1000;
  start(limited);
  const std::string bytes(1001, 'x');
  const grpc::Status refused = upload(bytes, base::sha256(bytes).hex(), 1001);
  EXPECT_EQ(refused.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("1000 bytes"));
  std::vector<wire::UploadArtifactRequest> messages(1);
  messages[0].set_digest(std::string(base::sha256(bytes).raw()));
  messages[0].set_size(1001);
  messages[0].set_chunk(bytes);
  const grpc::Status taken = upload_artifact(messages);
  EXPECT_TRUE(taken.ok()) << taken.error_message();
}

TEST_F(UploadTest, ARegistrationWithoutItsFilesNamesThem) {
  const grpc::Status status = try_register(register_request());
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0112: "));
  EXPECT_THAT(status.error_message(), HasSubstr("'etl'"));
}

TEST_F(UploadTest, ARegistrationIsRepeatableAndSaysWhatItChanged) {
  const v1::RegisterModulesResponse first = register_module();
  ASSERT_EQ(first.changes_size(), 1);
  EXPECT_EQ(first.changes(0).pipeline(), "etl");
  EXPECT_THAT(first.changes(0).added(), testing::UnorderedElementsAre("a", "b"));
  const base::Digest file = *base::Digest::parse(register_request().modules(0).files(0).digest());
  const module::BundleEntry entry{"etl", file, true};
  EXPECT_EQ(first.changes(0).module(), module::bundle_digest({&entry, 1}).hex());
  const v1::RegisterModulesResponse second = register_module();
  ASSERT_EQ(second.changes_size(), 1);
  EXPECT_TRUE(second.changes(0).unchanged());
}

TEST_F(UploadTest, AModuleThatNoConnectedWorkerCanRunIsRefusedByName) {
  register_module();
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  v1::RegisterModulesRequest request = register_request();
  request.mutable_modules(0)->add_needed_libraries("libc.so.6");
  request.mutable_modules(0)->add_needed_libraries("libopencv_core.so.406");
  const grpc::Status library = try_register(request);
  EXPECT_EQ(library.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(library.error_message(), StartsWith("WEIR-E0110: "));
  EXPECT_THAT(library.error_message(), HasSubstr("libopencv_core.so.406"));
  EXPECT_THAT(library.error_message(), testing::Not(HasSubstr("libc.so.6,")));
  request = register_request();
  request.mutable_modules(0)->set_architecture("aarch64");
  EXPECT_THAT(try_register(request).error_message(), StartsWith("WEIR-E0109: "));
}

TEST_F(UploadTest, ABadManifestSaysWhatIsWrong) {
  v1::RegisterModulesRequest request = register_request();
  request.mutable_modules(0)->set_manifest_json("{\"format\":1,");
  const grpc::Status status = try_register(request);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), StartsWith("WEIR-E0100: "));
}

TEST_F(UploadTest, AnArtifactComesBackAsItWentIn) {
  const std::string bytes(2'500'000, 'y');
  std::vector<wire::UploadArtifactRequest> messages(3);
  messages[0].set_digest(std::string(base::sha256(bytes).raw()));
  messages[0].set_kind(wire::ARTIFACT_KIND_BYTES);
  messages[0].set_size(2'500'000);
  for (std::size_t i = 0; i < 3; ++i) messages[i].set_chunk(bytes.substr(i * 1'000'000, 1'000'000));
  const grpc::Status status = upload_artifact(messages);
  ASSERT_TRUE(status.ok()) << status.error_message();
  grpc::Status fetched;
  EXPECT_EQ(fetch_artifact(base::sha256(bytes), &fetched), bytes);
  EXPECT_TRUE(fetched.ok()) << fetched.error_message();
}

TEST_F(UploadTest, ATreeComesBackFileByFile) {
  const module::BundleEntry entries[] = {{"a", base::sha256("1"), false},
                                         {"b/c", base::sha256("23"), true}};
  std::vector<wire::UploadArtifactRequest> messages(2);
  messages[0].set_digest(std::string(module::bundle_digest(entries).raw()));
  messages[0].set_kind(wire::ARTIFACT_KIND_TREE);
  messages[0].set_size(3);
  messages[0].set_path("a");
  messages[0].set_chunk("1");
  messages[1].set_path("b/c");
  messages[1].set_executable(true);
  messages[1].set_chunk("23");
  const grpc::Status status = upload_artifact(messages);
  ASSERT_TRUE(status.ok()) << status.error_message();
  grpc::Status fetched;
  EXPECT_EQ(fetch_artifact(module::bundle_digest(entries), &fetched), "<a>1<b/c>23");
  EXPECT_TRUE(fetched.ok()) << fetched.error_message();
  messages[0].set_digest(std::string(base::sha256("another").raw()));
  messages[0].set_path("../../escape");
  EXPECT_EQ(upload_artifact(messages).error_code(), grpc::INVALID_ARGUMENT);
}

TEST_F(UploadTest, AnArtifactThatChangedOnDiskIsDataLoss) {
  const std::string bytes(100'000, 'z');
  std::vector<wire::UploadArtifactRequest> messages(1);
  messages[0].set_digest(std::string(base::sha256(bytes).raw()));
  messages[0].set_size(100'000);
  messages[0].set_chunk(bytes);
  ASSERT_TRUE(upload_artifact(messages).ok());
  const std::string hex = base::sha256(bytes).hex();
  const std::string path =
      scheduler_->data_dir() + "/artifacts/sha256/" + hex.substr(0, 2) + "/" + hex.substr(2);
  std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).write("!", 1);
  grpc::Status fetched;
  fetch_artifact(base::sha256(bytes), &fetched);
  EXPECT_EQ(fetched.error_code(), grpc::DATA_LOSS);
  EXPECT_THAT(fetched.error_message(), StartsWith("WEIR-E0406: "));
}

TEST_F(UploadTest, StalledReadersOfValuesDoNotKeepOthersFromTransferring) {
  register_module();
  TestWorker worker(*protocol_, scheduler_->token());
  worker.send_hello(TestWorker::hello());
  worker.expect_welcome();
  create_run();
  const wire::Assign assign = worker.next_assign();
  const std::string bytes(8 << 20, 'v');
  std::vector<wire::UploadArtifactRequest> messages(8);
  messages[0].set_digest(std::string(base::sha256(bytes).raw()));
  messages[0].set_kind(wire::ARTIFACT_KIND_BYTES);
  messages[0].set_size(8 << 20);
  for (auto& message : messages) message.set_chunk(std::string(1 << 20, 'v'));
  ASSERT_TRUE(upload_artifact(messages).ok());
  worker.report_success(assign, bytes, false);
  worker.next_assign();  // b: the value of a can be read now

  v1::ReadValueRequest request;
  request.set_asset("a");
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::ReadValueResponse>>> stalled;
  const auto assets = v1::AssetService::NewStub(narrow_channel());
  v1::ReadValueResponse response;
  int refused = 0;
  for (int i = 0; i < rpc::kTransfersMax + 6; ++i) {
    calls.push_back(std::make_unique<Call>(scheduler_->token()));
    auto reader = assets->ReadValue(calls.back()->get(), request);
    if (reader->Read(&response)) {
      stalled.push_back(std::move(reader));
    } else {
      EXPECT_EQ(reader->Finish().error_code(), grpc::RESOURCE_EXHAUSTED);
      ++refused;
    }
  }
  EXPECT_EQ(stalled.size(), rpc::kValueReadsMax);
  EXPECT_GT(refused, 0);
  const grpc::Status uploaded = upload("other", base::sha256("other").hex(), 5);
  EXPECT_TRUE(uploaded.ok()) << uploaded.error_message();
  for (const auto& call : calls) call->get()->TryCancel();
  for (const auto& reader : stalled) reader->Finish();
}

TEST_F(UploadTest, AManifestOverItsLimitIsRefusedByNameAndASmallerOneIsRead) {
  v1::RegisterModulesRequest request = register_request();
  request.mutable_modules(0)->set_manifest_json(std::string(12 << 20, ' '));
  EXPECT_THAT(try_register(request).error_message(), StartsWith("WEIR-E0100: "));
  request.mutable_modules(0)->set_manifest_json(std::string(module::kManifestBytesMax + 1, ' '));
  EXPECT_THAT(try_register(request).error_message(), StartsWith("WEIR-E0003: the manifest has"));
}

TEST_F(UploadTest, AModulesFilesCanBeFetchedByAWorker) {
  const v1::RegisterModulesResponse registered = register_module();
  Call call(scheduler_->token());
  wire::FetchFileRequest request;
  const auto module = base::Digest::parse(registered.changes(0).module());
  const auto file = base::Digest::parse(register_request().modules(0).files(0).digest());
  request.set_module(std::string(module->raw()));
  request.set_file(std::string(file->raw()));
  const auto reader = protocol_->FetchFile(call.get(), request);
  wire::FetchFileResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_EQ(response.files_size(), 1);
  EXPECT_EQ(response.files(0).path(), "etl");
  EXPECT_FALSE(response.manifest_json().empty());
  std::string bytes;
  while (reader->Read(&response)) bytes += response.chunk();
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(base::sha256(bytes), *file);
}

TEST_F(UploadTest, LogsAreAppendedByOffsetAndReadBack) {
  register_module();
  const std::string run = create_run();
  wire::AppendLogsRequest append;
  wire::LogChunk* chunk = append.add_chunks();
  chunk->mutable_attempt()->set_run(base::RunId::parse(run)->value);
  chunk->mutable_attempt()->set_epoch(1);
  chunk->mutable_attempt()->set_store_generation(store_generation());
  chunk->set_stream(wire::LOG_STREAM_STDERR);
  chunk->set_data("hello\n");
  wire::AppendLogsResponse appended;
  for (int i = 0; i < 2; ++i) {  // the second time it is there already
    Call call(scheduler_->token());
    const grpc::Status status = protocol_->AppendLogs(call.get(), append, &appended);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  chunk->set_offset(100);
  Call gap_call(scheduler_->token());
  EXPECT_EQ(protocol_->AppendLogs(gap_call.get(), append, &appended).error_code(),
            grpc::OUT_OF_RANGE);

  Call list_call(scheduler_->token());
  v1::ListLogsRequest list;
  list.set_run(run);
  v1::ListLogsResponse logs;
  ASSERT_TRUE(logs_->ListLogs(list_call.get(), list, &logs).ok());
  ASSERT_EQ(logs.logs_size(), 1);
  EXPECT_EQ(logs.logs(0).task(), "a");
  EXPECT_EQ(logs.logs(0).size_bytes(), 6);

  Call read_call(scheduler_->token());
  v1::ReadLogRequest read;
  read.set_run("@last");
  read.set_epoch(1);
  read.set_stream(v1::LOG_STREAM_STDERR);
  read.set_offset(-3);
  v1::ReadLogResponse text;
  ASSERT_TRUE(logs_->ReadLog(read_call.get(), read, &text).ok());
  EXPECT_EQ(text.data(), "lo\n");
  EXPECT_EQ(text.offset(), 3);
}

// What an attempt printed before a backup was restored must not stand in the log of the one that
// has its number now.
TEST_F(UploadTest, LogsOfAnotherStoreGenerationAreRefused) {
  register_module();
  const std::string run = create_run();
  const std::uint64_t generation = store_generation();
  for (const std::uint64_t foreign : {generation + 1, std::uint64_t{0}}) {
    wire::AppendLogsRequest append;
    for (const std::uint64_t of : {generation, foreign}) {
      wire::LogChunk* chunk = append.add_chunks();
      chunk->mutable_attempt()->set_run(base::RunId::parse(run)->value);
      chunk->mutable_attempt()->set_task(of == generation ? 0 : 1);
      chunk->mutable_attempt()->set_epoch(1);
      chunk->mutable_attempt()->set_store_generation(of);
      chunk->set_stream(wire::LOG_STREAM_STDOUT);
      chunk->set_data("hello\n");
    }
    Call call(scheduler_->token());
    wire::AppendLogsResponse appended;
    const grpc::Status status = protocol_->AppendLogs(call.get(), append, &appended);
    EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), testing::StartsWith("WEIR-E0304: "));
  }
  Call call(scheduler_->token());
  v1::ListLogsRequest list;
  list.set_run(run);
  v1::ListLogsResponse logs;
  ASSERT_TRUE(logs_->ListLogs(call.get(), list, &logs).ok());
  ASSERT_EQ(logs.logs_size(), 1) << "of the attempt of this store";
  EXPECT_EQ(logs.logs(0).task_index(), 0);
}

}  // namespace
}  // namespace weir::test
