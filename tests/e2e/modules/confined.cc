// Stages that look for what they should not reach: the token, the database, the program that later
// attempts run, other users' processes, the way back to root. Each returns what it got; what that
// must be stands in stage_user_test.py.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/weir.h>

namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string who() {
  return std::to_string(getuid()) + " " + std::to_string(geteuid()) + " " +
         std::to_string(getgid()) + " " + variable("USER") + " " + variable("HOME") + " " +
         std::to_string(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

bool opens(const fs::path& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC);
  if (file >= 0) close(file);
  return file >= 0;
}

// One line for each thing that worked.
std::string breaks_out() {
  std::string got;
  const auto note = [&got](bool worked, const std::string& what) {
    if (worked) got += what + "\n";
  };
  note(setuid(0) == 0, "root again");
  note(setgid(0) == 0, "root's group again");
  note(seteuid(0) == 0, "root's rights again");
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path bundle = program.parent_path();
  const fs::path worker = bundle.parent_path().parent_path().parent_path();
  const fs::path data = worker.parent_path();
  note(chmod(program.c_str(), 0777) == 0, "chmod of the program");
  note(unlink(program.c_str()) == 0, "removed the program");
  note(rename(bundle.c_str(), (bundle.string() + "-gone").c_str()) == 0, "moved the module");
  note(opens(bundle / "new", O_WRONLY | O_CREAT), "a file beside the program");
  for (const char* name : {"token", "weir.db", "weir.db-wal", "artifacts", "logs", "modules"}) {
    note(opens(data / name, O_RDONLY), std::string("read ") + name);
  }
  for (const char* name : {"worker_id", "worker.lock", "spool", "artifacts/tmp", "."}) {
    note(opens(worker / name, O_RDONLY), std::string("read worker/") + name);
  }
  note(opens(worker / "artifacts/sha256/forged", O_WRONLY | O_CREAT), "a forged blob");
  const std::string parent = "/proc/" + std::to_string(getppid());
  note(opens(parent + "/environ", O_RDONLY), "the supervisor's environment");
  note(opens(parent + "/mem", O_RDWR), "the supervisor's memory");
  note(kill(getppid(), SIGCONT) == 0, "a signal to the supervisor");
  return got.empty() ? "nothing" : got;
}

// Of an earlier attempt's program, which would be executed by later ones.
bool writes_program() { return opens(fs::read_symlink("/proc/self/exe"), O_WRONLY); }

std::string large() { return std::string(300 * 1024, 'a'); }
int reads_large(const std::string& text) { return static_cast<int>(text.size()); }

weir::File file(weir::Context& ctx) {
  std::ofstream(ctx.scratch() / "file") << std::string(100 * 1024, 'f');
  return {ctx.scratch() / "file"};
}
weir::Tree tree(weir::Context& ctx) {
  fs::create_directories(ctx.scratch() / "tree/below");
  std::ofstream(ctx.scratch() / "tree/below/one") << "1";
  std::ofstream(ctx.scratch() / "tree/two") << "22";
  return {ctx.scratch() / "tree"};
}

std::string reads_files(const weir::File& file, const weir::Tree& tree) {
  std::ifstream in(file.path);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const bool changes = opens(file.path, O_WRONLY) || opens(tree.path / "two", O_WRONLY) ||
                       unlink(file.path.c_str()) == 0;
  std::system("echo printed > /dev/stdout");
  return std::to_string(bytes.size()) + " " + std::to_string(fs::file_size(tree.path / "two")) +
         (changes ? " changed" : " untouched");
}

struct Secret {
  std::string value;
};

std::string asks(const Secret& secret) { return secret.value; }

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("confined");
  p.asset("who", who);
  p.asset("breaks_out", breaks_out);
  p.asset("writes_program", writes_program);
  auto text = p.asset("large", large);
  p.asset("reads_large", reads_large, text);
  auto one = p.asset("file", file);
  auto many = p.asset("tree", tree);
  p.asset("reads_files", reads_files, one, many);
  auto secret =
      p.resource("secret", [](const weir::Start& start) { return Secret{start.secret("word")}; });
  p.asset("asks", asks, secret);
  return weir::main(p, argc, argv);
}
