// gRPC lets a check of all calls be hung on credentials only, and on none that are plainly
// insecure. Those of xDS, without xDS, pass everything on to the insecure ones inside them and
// still take the check; local credentials would do as well but refuse 127.0.0.2. Runs on threads
// of gRPC; compares texts and must not block.
#include "scheduler/rpc/door.h"

#include <grpcpp/security/auth_metadata_processor.h>

#include "scheduler/rpc/call.h"

namespace weir::rpc {
namespace {

class Door final : public grpc::AuthMetadataProcessor {
 public:
  explicit Door(const access::Access& access) : access_(access) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata*,
                       OutputMetadata*) override {
    return to_grpc(access_.admit(find(metadata, ":path"), find(metadata, "authorization")));
  }

 private:
  static std::string_view find(const InputMetadata& metadata, const char* name) {
    const auto found = metadata.find(name);
    if (found == metadata.end()) return {};
    return {found->second.data(), found->second.size()};
  }

  const access::Access& access_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> guarded_credentials(const access::Access& access) {
  auto credentials = grpc::XdsServerCredentials(grpc::InsecureServerCredentials());
  credentials->SetAuthMetadataProcessor(std::make_shared<Door>(access));
  return credentials;
}

}  // namespace weir::rpc
