// AssetService: assets with their definitions, versions, lineage and bytes. Handlers run on
// threads of gRPC and hand over at once; what they hand over runs on read and transfer threads.
// Nothing here changes anything but an observation, which the engine judges.
#include <algorithm>
#include <set>

#include "base/errors.h"
#include "base/names.h"
#include "scheduler/rpc/blob_reader.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/rpc/services/transfer.h"
#include "value/json.h"
#include "weir/v1/asset_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

constexpr std::size_t kObservedBytesMax = 200;    // of who told, and of a version's name
constexpr std::int64_t kTextBytesMax = 64 << 20;  // of a value that is shown as text

// The stage that made a version, by the manifest of its module.
std::string task_of(Backend& backend, const engine::MaterializationRow& row) {
  const auto manifest = backend.catalog.manifest(row.module);
  if (!manifest.ok()) return {};  // the module is gone; the version's own row stands
  for (const module::StageSpec& stage : (*manifest)->stages) {
    for (const module::OutputSpec& output : stage.outputs) {
      if (output.asset == row.of.asset) return stage.name;
    }
  }
  return {};
}

Status fill_materialization(Backend& backend, const engine::MaterializationRow& row,
                            v1::Materialization* out) {
  to_proto(row, task_of(backend, row), out);
  const auto checks = backend.reader.list_checks(row.attempt);
  if (!checks.ok()) return checks.status();
  for (const engine::CheckRow& check : *checks) {
    if (check.asset == row.of.asset) to_proto(check, out->add_checks());
  }
  return {};
}

void fill_definition(const AssetDefinition& definition, v1::Asset* out) {
  const module::StageSpec& stage = definition.stage_spec();
  out->set_task(stage.name);
  out->set_schema(definition.output_spec().schema);
  out->set_owner(stage.owner);
  out->set_group(stage.group);
  out->set_note(stage.note);
  for (const std::string& name : assets_read_by(stage)) out->add_depends_on(name);
  for (const module::CheckSpec& check : stage.checks) {
    if (check.asset == out->name()) out->add_checks(check.name);
  }
}

Status fill_verified(Backend& backend, const std::string& asset, const std::string& partition,
                     v1::Asset* out) {
  const auto known = backend.reader.get_partition({asset, partition});
  if (known.status().code() == base::Code::kNotFound) return {};
  if (!known.ok()) return known.status();
  if (known->verified_at) to_proto(*known->verified_at, out->mutable_verified_at());
  out->set_observed(known->observed);
  return {};
}

Status fill_asset(Backend& backend, const Definitions& definitions, const engine::AssetRow& row,
                  const std::string& partition, v1::Asset* out) {
  out->set_name(row.name);
  out->set_pipeline(row.pipeline);
  out->set_type(row.type);
  out->set_retired(row.retired);
  const auto definition = definitions.assets.find(row.name);
  if (definition != definitions.assets.end()) fill_definition(definition->second, out);
  if (const Status known = fill_verified(backend, row.name, partition, out); !known.ok()) {
    return known;
  }
  const auto latest = backend.reader.get_current({row.name, partition});
  if (latest.status().code() == base::Code::kNotFound) return {};
  if (!latest.ok()) return latest.status();
  return fill_materialization(backend, *latest, out->mutable_latest());
}

// The asset's row; an unknown one is NOT_FOUND with the nearest name.
base::Result<engine::AssetRow> find_asset(Backend& backend, const std::string& name) {
  auto row = backend.reader.get_asset(name);
  if (row.ok() || row.status().code() != base::Code::kNotFound) return row;
  std::vector<std::string> names;
  const auto definitions = backend.catalog.definitions();
  if (definitions.ok()) {
    for (const auto& [known, definition] : (*definitions)->assets) names.push_back(known);
  }
  return Status(base::Code::kNotFound, base::kErrUnknownAsset,
                "there is no asset '" + name + "'." + base::did_you_mean(name, names));
}

// The assets of one page of rows that are `chosen` (all when empty).
Status add_assets(Backend& backend, const Definitions& definitions,
                  const std::optional<std::vector<std::string>>& chosen,
                  const std::vector<engine::AssetRow>& rows, v1::ListAssetsResponse* response,
                  PageBytes& bytes) {
  for (const engine::AssetRow& row : rows) {
    if (chosen && !std::binary_search(chosen->begin(), chosen->end(), row.name)) continue;
    v1::Asset* out = response->add_assets();
    const Status filled = fill_asset(backend, definitions, row, "", out);
    if (!filled.ok()) return filled;
    bytes.add(*out);
    if (bytes.over()) break;
  }
  return {};
}

Status list_assets(Backend& backend, const v1::ListAssetsRequest& request,
                   v1::ListAssetsResponse* response) {
  const auto wanted =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kLargePageMax);
  if (!wanted.ok()) return wanted.status();
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  std::optional<std::vector<std::string>> chosen;
  if (!request.selection().empty()) {
    auto selected = (*definitions)->select(request.selection());
    if (!selected.ok()) return selected.status();
    chosen = std::move(selected).value();
  }
  return fill_page(*wanted, response, [&](ports::PageRequest page, PageBytes& bytes) {
    do {  // a page may be left empty by the selection: then the next one
      const auto assets = backend.reader.list_assets(request.pipeline(), page);
      if (!assets.ok()) return assets.status();
      const Status added =
          add_assets(backend, **definitions, chosen, assets->rows, response, bytes);
      if (!added.ok()) return added;
      page.after = assets->next;
    } while (response->assets().empty() && !page.after.empty());
    response->set_next_page_token(page.after);
    return Status();
  });
}

// As those who read it say what it is.
const module::ExternalSpec* find_external(const Definitions& definitions,
                                          const std::string& asset) {
  for (const auto& manifest : definitions.manifests) {
    for (const module::ExternalSpec& external : manifest->externals) {
      if (external.asset == asset) return &external;
    }
  }
  return nullptr;
}

Status get_asset(Backend& backend, const v1::GetAssetRequest& request,
                 v1::GetAssetResponse* response) {
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  const auto row = find_asset(backend, request.asset());
  const module::ExternalSpec* external = find_external(**definitions, request.asset());
  if (row.status().code() == base::Code::kNotFound && external != nullptr) {
    v1::Asset* out = response->mutable_asset();
    out->set_name(external->asset);
    out->set_type(external->type);
    out->set_schema(external->schema);
    out->set_external(true);
    return fill_verified(backend, external->asset, request.partition(), out);
  }
  if (!row.ok()) return row.status();
  return fill_asset(backend, **definitions, *row, request.partition(), response->mutable_asset());
}

Status list_materializations(Backend& backend, const v1::ListMaterializationsRequest& request,
                             v1::ListMaterializationsResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kSmallPageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  const auto asset = find_asset(backend, request.asset());
  if (!asset.ok()) return asset.status();
  return fill_rows(
      *page, response, response->mutable_materializations(),
      [&](const ports::PageRequest& part) {
        return backend.reader.list_materializations({request.asset(), request.partition()}, part);
      },
      [&](const engine::MaterializationRow& row, v1::Materialization* out) {
        return fill_materialization(backend, row, out);
      });
}

using Neighbours = std::map<std::string, std::set<std::string>, std::less<>>;

// Adds what is reachable within `levels` (-1: any number) and the edges on the way, as (from, to)
// pairs.
void walk(const Neighbours& neighbours, const std::string& start, int levels, bool upwards,
          std::set<std::string>& assets, std::set<std::pair<std::string, std::string>>& edges) {
  std::set<std::string> seen{start};
  std::vector<std::string> frontier{start};
  for (int level = 0; (levels < 0 || level < levels) && !frontier.empty(); ++level) {
    std::vector<std::string> next;
    for (const std::string& name : frontier) {
      const auto found = neighbours.find(name);
      if (found == neighbours.end()) continue;
      for (const std::string& other : found->second) {
        edges.insert(upwards ? std::pair(other, name) : std::pair(name, other));
        if (seen.insert(other).second) next.push_back(other);
      }
    }
    frontier = std::move(next);
  }
  assets.insert(seen.begin(), seen.end());
}

// Assets and edges in order of their names.
struct Lineage {
  std::vector<std::string> assets;
  std::vector<std::pair<std::string, std::string>> edges;  // from, to

  base::Digest digest() const {
    base::Sha256 hash;
    const auto add = [&](const std::string& name) {
      hash.update(name);
      hash.update(std::string_view("\0", 1));
    };
    for (const std::string& name : assets) add(name);
    hash.update(std::string_view("\0", 1));
    for (const auto& [from, to] : edges) {
      add(from);
      add(to);
    }
    return hash.finish();
  }
};

Lineage lineage_of(const Definitions& definitions, const v1::GetLineageRequest& request) {
  Neighbours upstream;
  Neighbours downstream;
  for (const auto& [name, definition] : definitions.assets) {
    for (const std::string& read : assets_read_by(definition.stage_spec())) {
      upstream[name].insert(read);
      downstream[read].insert(name);
    }
  }
  std::set<std::string> assets;
  std::set<std::pair<std::string, std::string>> edges;
  walk(upstream, request.asset(), request.up(), true, assets, edges);
  walk(downstream, request.asset(), request.down(), false, assets, edges);
  return {{assets.begin(), assets.end()}, {edges.begin(), edges.end()}};
}

Status get_lineage(Backend& backend, const v1::GetLineageRequest& request,
                   v1::GetLineageResponse* response) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kLargePageMax);
  if (!page.ok()) return page.status();
  const auto asset = find_asset(backend, request.asset());
  if (!asset.ok()) return asset.status();
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  const Lineage lineage = lineage_of(**definitions, request);
  const std::size_t assets = lineage.assets.size();
  const auto size = [&](std::size_t row) {
    if (row < assets) return lineage.assets[row].size();
    const auto& [from, to] = lineage.edges[row - assets];
    return from.size() + to.size();
  };
  const auto add = [&](std::size_t row) {
    if (row < assets) return response->add_assets(lineage.assets[row]);
    const auto& [from, to] = lineage.edges[row - assets];
    v1::LineageEdge* out = response->add_edges();
    out->set_from(from);
    out->set_to(to);
  };
  return fill_answer_page(*page, lineage.digest(), assets + lineage.edges.size(), response, size,
                          add);
}

// The bytes of one version, chunk by chunk; opened by the first call. Transfer threads.
class ValueStream {
 public:
  ValueStream(Backend& backend, v1::ReadValueRequest request)
      : backend_(backend), request_(std::move(request)) {}

  base::Result<bool> next(v1::ReadValueResponse* response) {
    if (done_) return false;
    if (!blob_) {
      const Status opened = open(response);
      if (!opened.ok()) return opened;
    }
    if (as_text_) return next_of_text(response);
    auto chunk = blob_->next();
    if (!chunk.ok()) return chunk.status();
    if (chunk->file != nullptr) response->set_path(chunk->file->path);
    response->set_chunk(std::move(chunk->bytes));
    done_ = chunk->last;
    return true;
  }

 private:
  base::Result<engine::MaterializationRow> find_version() {
    if (request_.materialization_id() != 0) {
      return backend_.reader.get_materialization(request_.materialization_id());
    }
    const auto asset = find_asset(backend_, request_.asset());
    if (!asset.ok()) return asset.status();
    return backend_.reader.get_current({request_.asset(), request_.partition()});
  }

  Status open(v1::ReadValueResponse* response) {
    const auto version = find_version();
    if (!version.ok()) return version.status();
    const Status filled =
        fill_materialization(backend_, *version, response->mutable_materialization());
    if (!filled.ok()) return filled;
    response->set_schema(schema_of(*version));
    auto blob =
        BlobReader::open_artifact(backend_.reader, backend_.artifacts, version->value.digest);
    if (!blob.ok()) return blob.status();
    blob_ = std::move(blob).value();
    // A file or tree is what it is; only encoded values have a text form of their own.
    as_text_ = request_.as_text() && version->value.kind == engine::ArtifactKind::kBytes;
    return as_text_ ? decode() : Status();
  }

  std::string schema_of(const engine::MaterializationRow& version) {
    const auto manifest = backend_.catalog.manifest(version.module);
    if (!manifest.ok()) return {};  // the bytes carry their schema too
    for (const module::StageSpec& stage : (*manifest)->stages) {
      for (const module::OutputSpec& output : stage.outputs) {
        if (output.asset == version.of.asset) return output.schema;
      }
    }
    return {};
  }

  Status decode() {
    if (blob_->size() > kTextBytesMax) {
      return Status(base::Code::kResourceExhausted, base::kErrValueTooLarge,
                    "the value has " + std::to_string(blob_->size()) + " bytes; up to " +
                        std::to_string(kTextBytesMax) +
                        " are shown as text, so fetch it as it is stored");
    }
    std::string encoded;
    for (bool last = false; !last;) {
      auto chunk = blob_->next();
      if (!chunk.ok()) return chunk.status();
      encoded += chunk->bytes;
      last = chunk->last;
    }
    const auto json = value::value_to_json(encoded);
    if (!json.ok()) return json.status();
    text_ = json->pretty();
    return {};
  }

  base::Result<bool> next_of_text(v1::ReadValueResponse* response) {
    response->set_chunk(text_.substr(text_sent_, ports::kChunkBytes));
    text_sent_ += response->chunk().size();
    done_ = text_sent_ == text_.size();
    return true;
  }

  Backend& backend_;
  const v1::ReadValueRequest request_;
  std::unique_ptr<BlobReader> blob_;
  bool as_text_ = false;
  bool done_ = false;
  std::string text_;
  std::size_t text_sent_ = 0;
};

base::Result<ports::CommandBody> observe_command(const v1::ObserveAssetRequest& request) {
  for (const auto& [what, text] :
       {std::pair("by", &request.by()), {"version", &request.version()}}) {
    if (text->size() <= kObservedBytesMax) continue;
    return Status(base::Code::kInvalidArgument, base::kErrLimit,
                  "`" + std::string(what) + "` has " + std::to_string(text->size()) +
                      " bytes; at most " + std::to_string(kObservedBytesMax) + " are taken");
  }
  auto info = request_info(request.idempotency_key(), request_hash(request));
  if (!info.ok()) return info.status();
  engine::ObserveAsset command;
  command.request = std::move(info).value();
  command.asset = request.asset();
  if (request.has_at()) command.at = from_proto(request.at());
  command.version = request.version();
  command.by = request.by();
  return ports::CommandBody(std::move(command));
}

class AssetServiceImpl final : public v1::AssetService::CallbackService {
 public:
  explicit AssetServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* ListAssets(CallbackServerContext* context,
                                 const v1::ListAssetsRequest* request,
                                 v1::ListAssetsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_assets(backend_, *request, response); });
  }

  ServerUnaryReactor* GetAsset(CallbackServerContext* context, const v1::GetAssetRequest* request,
                               v1::GetAssetResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return get_asset(backend_, *request, response); });
  }

  ServerUnaryReactor* ListMaterializations(CallbackServerContext* context,
                                           const v1::ListMaterializationsRequest* request,
                                           v1::ListMaterializationsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_materializations(backend_, *request, response); });
  }

  ServerUnaryReactor* GetLineage(CallbackServerContext* context,
                                 const v1::GetLineageRequest* request,
                                 v1::GetLineageResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return get_lineage(backend_, *request, response); });
  }

  ServerUnaryReactor* ObserveAsset(CallbackServerContext* context,
                                   const v1::ObserveAssetRequest* request,
                                   v1::ObserveAssetResponse*) override {
    return serve_prepared(
        backend_, context, [=] { return observe_command(*request); },
        [](const engine::Reply&) { return Status(); });
  }

  grpc::ServerWriteReactor<v1::ReadValueResponse>* ReadValue(
      CallbackServerContext* context, const v1::ReadValueRequest* request) override {
    const auto stream = std::make_shared<ValueStream>(backend_, *request);
    return Download<v1::ReadValueResponse>::start(
        backend_, context, value_read_budget(backend_),
        [stream](v1::ReadValueResponse* response) { return stream->next(response); });
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_asset_service(Backend& backend) {
  return std::make_unique<AssetServiceImpl>(backend);
}

}  // namespace weir::rpc
