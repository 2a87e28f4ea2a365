// The operator's file and references to secrets: what is taken, and that each mistake is refused
// with its place, and without what may be secret.
// Files are real ones in a folder of the test. One thread.
#include "scheduler/alerts/config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "scheduler/alerts/secrets.h"

namespace weir::alerts_tests {
namespace {

using alerts::parse_config;

TEST(AlertsConfig, TakesEveryKindOfChannelAndTheHeartbeat) {
  const auto config = parse_config(R"({
    "channels": {
      "hook": {"webhook": "https://hooks.example/x", "secret": "env:WEIR_SECRET_HOOK"},
      "chat": {"webhook_file": "/etc/weir/chat.url"},
      "pager": {"command": "/usr/local/bin/page"},
      "mail": {"smtp": "smtps://mail.example:465", "from": "weir@example.org",
               "to": ["ops@example.org", "ann@example.org"], "user": "weir",
               "password": "file:/etc/weir/mail.key"}
    },
    "heartbeat": {"webhook": "https://beats.example/y", "every_s": 120}})");
  ASSERT_TRUE(config.ok()) << config.status().text();
  EXPECT_EQ(config->channels.size(), 4u);
  EXPECT_EQ(std::get<alerts::WebhookChannel>(config->channels.at("hook")).secret,
            "env:WEIR_SECRET_HOOK");
  EXPECT_EQ(std::get<alerts::CommandChannel>(config->channels.at("pager")).command,
            "/usr/local/bin/page");
  const auto& mail = std::get<alerts::MailChannel>(config->channels.at("mail"));
  EXPECT_EQ(mail.to.size(), 2u);
  EXPECT_TRUE(mail.needs_tls);
  EXPECT_EQ(config->heartbeat.every, std::chrono::seconds(120));
}

TEST(AlertsConfig, RefusesEachMistakeWithItsPlace) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {R"(nothing)", "a value was expected"},
      {R"({"chanels": {}})", "'chanels'"},
      {R"({"channels": {"a b": {"command": "x"}}})", "channels.a b"},
      {R"({"channels": {"a": {"comand": "x"}}})", "Did you mean 'command'?"},
      {R"({"channels": {"a": {"command": ""}}})", "channels.a.command"},
      {R"({"channels": {"a": {"webhook": "ftp://x"}}})", "https://"},
      {R"({"channels": {"a": {"webhook": 7}}})", "channels.a.webhook"},
      {R"({"channels": {"a": {"webhook": "https://x", "secret": "hunter2"}}})", "reference"},
      {R"({"channels": {"a": {"smtp": "smtp://x", "from": "a@b", "to": []}}})", "channels.a.to"},
      {R"({"channels": {"a": {"smtp": "x", "from": "a@b", "to": ["c@d"]}}})", "smtp://"},
      {R"({"channels": {"a": {"smtp": "smtp://x", "from": "a@b", "to": ["c"]}}})", "addresses"},
      {R"({"heartbeat": {"webhook": "https://x", "every_s": 1}})", "heartbeat.every_s"},
      {R"({"heartbeat": {}})", "webhook_file"},
  };
  for (const auto& [text, where] : wrong) {
    const auto config = parse_config(text);
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_NE(config.status().text().find(where), std::string::npos) << text << "\n"
                                                                     << config.status().text();
    EXPECT_EQ(config.status().text().find("hunter2"), std::string::npos);
  }
}

TEST(AlertsConfig, FileThatIsNotThereIsNamed) {
  const auto config = alerts::read_config("/nowhere/alerts.json");
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.status().text().find("/nowhere/alerts.json"), std::string::npos);
}

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    folder_ = testing::TempDir() + "weir-secrets-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~SecretsTest() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  std::string folder_;
};

TEST_F(SecretsTest, AreReadFromFilesAtEachUseAndFromTheEnvironmentOfTheStart) {
  ::setenv("WEIR_SECRET_TEST_HOOK", "of the environment", 1);
  const alerts::Secrets secrets = alerts::Secrets::of_environment();
  ::unsetenv("WEIR_SECRET_TEST_HOOK");
  EXPECT_EQ(*secrets.read("env:WEIR_SECRET_TEST_HOOK"), "of the environment");
  const std::string path = file("key", "first\n");
  EXPECT_EQ(*secrets.read("file:" + path), "first");
  file("key", "second\r\n");
  EXPECT_EQ(*secrets.read("file:" + path), "second");
}

TEST_F(SecretsTest, WhatCannotBeReadIsNamedByItsReferenceAlone) {
  const alerts::Secrets secrets = alerts::Secrets::of_environment();
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"env:WEIR_SECRET_NO_SUCH", "WEIR_SECRET_NO_SUCH"},
      {"env:HOME", "HOME"},
      {"file:" + folder_ + "/absent", "absent"},
      {"file:" + fifo, "no regular file"},
      {"file:" + file("empty", "\n"), "is empty"},
      {"file:" + file("large", std::string(1 << 20, 'x')), "too large"},
  };
  for (const auto& [reference, what] : wrong) {
    const auto read = secrets.read(reference);
    ASSERT_FALSE(read.ok()) << reference;
    EXPECT_NE(read.status().text().find(what), std::string::npos) << read.status().text();
  }
}

}  // namespace
}  // namespace weir::alerts_tests
