// From the last row to the first: the first one that is met of an entity is the one that counts. A
// row that is sealed is written also when something follows it, so that the store can refuse what
// follows. Nothing is kept between calls.
#include "scheduler/loop/last_words.h"

#include <cstddef>
#include <unordered_set>

namespace weir::loop {
namespace {

struct Entity {
  std::size_t table = 0;  // the alternative of Record
  base::AttemptKey key;   // what a key lacks is zero
  bool operator==(const Entity&) const = default;
};

struct EntityHash {
  std::size_t operator()(const Entity& entity) const {
    return std::hash<base::AttemptKey>()(entity.key) * 31 + entity.table;
  }
};

const base::AttemptKey& entity_key(const engine::AttemptRow& row) { return row.key; }
base::AttemptKey entity_key(const engine::TaskRow& row) { return {row.run, row.index, 0}; }
base::AttemptKey entity_key(const engine::RunCountsRow& row) { return {row.run, 0, 0}; }

}  // namespace

std::vector<bool> superseded(std::span<const engine::Record> rows) {
  std::vector<bool> out(rows.size());
  std::unordered_set<Entity, EntityHash> later;
  later.reserve(rows.size());
  for (std::size_t i = rows.size(); i-- > 0;) {
    out[i] = std::visit(
        [&]<class Row>(const Row& row) {
          if constexpr (requires { entity_key(row); }) {
            const bool last = later.insert({rows[i].index(), entity_key(row)}).second;
            return !last && !engine::is_sealed(row);
          } else {
            return false;
          }
        },
        rows[i]);
  }
  return out;
}

}  // namespace weir::loop
