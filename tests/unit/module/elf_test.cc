// What parse_elf() says of real binaries (this test itself, the C library it runs on) and that no
// damaged file makes it read out of bounds or run for ever: sanitized builds turn that into a
// failure. One thread; reads files only.
#include "module/elf.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <elf.h>
#include <link.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace weir::module {
namespace {

using base::Code;
using base::Result;

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string read_all(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// The path under which the dynamic linker loaded a library of this process.
std::string loaded_library(const char* name) {
  struct Search {
    const char* name;
    std::string path;
  } search{name, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        auto* wanted = static_cast<Search*>(data);
        if (std::strstr(info->dlpi_name, wanted->name) != nullptr) wanted->path = info->dlpi_name;
        return 0;
      },
      &search);
  return search.path;
}

TEST(ElfTest, ProgramTellsInterpreterLibrariesAndVersions) {
  const Result<ElfInfo> elf = read_elf(ELF_TEST_SELF);
  ASSERT_TRUE(elf.ok()) << elf.status().text();
  EXPECT_EQ(elf->machine, host_machine());
  EXPECT_TRUE(elf->is_executable);
  EXPECT_TRUE(elf->is_dynamic);
  EXPECT_THAT(elf->interpreter, HasSubstr("ld-linux"));
  EXPECT_THAT(elf->needed, Contains("libc.so.6"));
  EXPECT_THAT(elf->needed, Contains("libstdc++.so.6"));
  EXPECT_THAT(elf->versions, Contains(StartsWith("GLIBC_2.")));
  EXPECT_THAT(elf->versions, Contains(StartsWith("GLIBCXX_3.")));
  EXPECT_TRUE(std::is_sorted(elf->versions.begin(), elf->versions.end()));
}

TEST(ElfTest, LibraryIsNoProgramAndHasItsSoname) {
  const std::string path = loaded_library("libstdc++.so");
  ASSERT_FALSE(path.empty());
  const Result<ElfInfo> elf = read_elf(path);
  ASSERT_TRUE(elf.ok()) << elf.status().text();
  EXPECT_FALSE(elf->is_executable);
  EXPECT_FALSE(elf->is_pie);
  EXPECT_EQ(elf->soname, "libstdc++.so.6");
  EXPECT_EQ(elf->interpreter, "");
  EXPECT_THAT(elf->needed, Not(Contains("libstdc++.so.6")));
}

TEST(ElfTest, WhatIsNoElfIsSaidToBeNone) {
  EXPECT_FALSE(looks_like_elf("#!/bin/sh\n"));
  EXPECT_THAT(parse_elf("#!/bin/sh\n").status().message(), HasSubstr("not an ELF file"));
  EXPECT_FALSE(parse_elf("").ok());
  EXPECT_FALSE(parse_elf("\x7f"
                         "ELF")
                   .ok());
  EXPECT_EQ(read_elf("/nonexistent/module").status().code(), Code::kNotFound);
  EXPECT_FALSE(read_elf("/dev/null").ok());
}

TEST(ElfTest, ForeignArchitecturesAreNamed) {
  std::string bytes = read_all(ELF_TEST_SELF);
  const std::uint16_t machine = EM_AARCH64;
  std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
  const Result<ElfInfo> foreign = parse_elf(bytes);
  ASSERT_TRUE(foreign.ok());
  EXPECT_EQ(foreign->machine, "aarch64");

  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(parse_elf(bytes).status().error(), base::kErrArchitecture);
  bytes[EI_CLASS] = ELFCLASS64;
  bytes[EI_DATA] = ELFDATA2MSB;
  EXPECT_THAT(parse_elf(bytes).status().message(), HasSubstr("big-endian"));
}

TEST(ElfTest, EveryTruncationIsAnErrorOrAnAnswer) {
  const std::string bytes = read_all(ELF_TEST_SELF).substr(0, 20'000);
  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); size += size < 2'000 ? 1 : 61) {
    refused += parse_elf(std::string_view(bytes).substr(0, size)).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 500);
}

TEST(ElfTest, DamagedHeadersNeverReadOutOfBounds) {
  const std::string intact = read_all(loaded_library("libstdc++.so")).substr(0, 3'000'000);
  ASSERT_TRUE(looks_like_elf(intact));
  std::mt19937 random(20261120);
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes = intact.substr(0, 64 + random() % 200'000);
    const int hits = 1 + static_cast<int>(random() % 8);
    for (int hit = 0; hit < hits; ++hit) {
      const std::size_t at = 6 + random() % std::min<std::size_t>(bytes.size() - 6, 1'200);
      bytes[at] = static_cast<char>(random() % 4 == 0 ? 0xff : random());
    }
    const Result<ElfInfo> elf = parse_elf(bytes);
    if (elf.ok()) {
      EXPECT_LE(elf->needed.size(), kElfEntriesMax);
    }
  }
}

TEST(ElfTest, OffsetsAtTheEndOfTheNumberRangeAreRefused) {
  std::string bytes = read_all(ELF_TEST_SELF);
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.e_phoff = ~0ull - 8;
  std::memcpy(bytes.data(), &header, sizeof header);
  EXPECT_THAT(parse_elf(bytes).status().message(), HasSubstr("cut off"));
}

[[gnu::noinline]] int looked_up_function(int value) {
  volatile int kept = value;
  return kept;
}

std::uint64_t address_in_this_program() {
  std::uint64_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        *static_cast<std::uint64_t*>(data) = info->dlpi_addr;
        return 1;  // the first one is the program
      },
      &base);
  return reinterpret_cast<std::uint64_t>(&looked_up_function) - base;
}

TEST(ElfTest, StaticFunctionsAreFoundByTheirAddress) {
  const std::uint64_t address = address_in_this_program();
  const auto found = functions_at("/proc/self/exe", {address + 1, 1, address, address + 1});
  ASSERT_EQ(found.size(), 4u);
  for (const std::size_t known : {0, 2, 3}) {
    EXPECT_THAT(found[known], HasSubstr("looked_up_function"));
  }
  EXPECT_EQ(found[1], "");
  EXPECT_EQ(functions_at("/no/such/file", {address}), std::vector<std::string>{""});
  EXPECT_EQ(functions_at("/dev/null", {address}), std::vector<std::string>{""});
  EXPECT_EQ(functions_at("/proc/self/exe", {}), std::vector<std::string>{});
}

TEST(ElfTest, DamagedSymbolTablesNeverReadOutOfBounds) {
  const std::string program = read_all("/proc/self/exe");
  const std::uint64_t address = address_in_this_program();
  Elf64_Ehdr header{};
  std::memcpy(&header, program.data(), sizeof header);
  std::mt19937_64 random(7);
  int found = 0;
  for (int i = 0; i < 45; ++i) {
    std::string damaged = program;
    for (int k = 0; k < 8; ++k) {  // in the table of sections
      const std::uint64_t at = header.e_shoff + random() % (header.e_shnum * sizeof(Elf64_Shdr));
      damaged[at] = static_cast<char>(random());
    }
    if (i % 3 == 0) damaged.resize(header.e_shoff + random() % (damaged.size() - header.e_shoff));
    found += functions_at_bytes(damaged, {address}).at(0).empty() ? 0 : 1;
  }
  EXPECT_LT(found, 45);
}

TEST(ElfTest, VersionsAreComparedAsNumbers) {
  EXPECT_EQ(newest_version({"GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE"}, "GLIBC_"),
            "2.34");
  EXPECT_EQ(newest_version({"GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "GLIBC_2.17"}, "GLIBCXX_"),
            "3.4.30");
  EXPECT_EQ(newest_version({"CXXABI_1.3"}, "GLIBC_"), "");
  EXPECT_EQ(newest_version({}, "GLIBC_"), "");
}

}  // namespace
}  // namespace weir::module
