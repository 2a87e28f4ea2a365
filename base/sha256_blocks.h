// The block functions of SHA-256, apart so that a test can hold the fast one
// against the portable one. Not for callers: use sha256.h, which pads and chooses.
// Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::base {

// Feeds `count` blocks of 64 bytes into the eight words of `state`.
using Sha256Blocks = void (*)(std::uint32_t* state, const std::uint8_t* blocks, std::size_t count);

void compress_portable(std::uint32_t* state, const std::uint8_t* block, std::size_t count);

// The fastest one that this processor can run.
Sha256Blocks best_sha256_blocks();

}  // namespace weir::base
