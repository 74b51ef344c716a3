// The PostgreSQL store against the conformance cases.
#include "postgres_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace intertie::storage_postgres {
namespace {

using storage::StoredPart;

constexpr unsigned kNobody = 65'534;

std::string find_program(const std::string& name) {
  for (const char* const version : {"15", "16", "17", "14"}) {
    const std::string path = "/usr/lib/postgresql/" + std::string(version) + "/bin/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  std::fprintf(stderr, "no %s: install the package postgresql-15\n", name.c_str());
  std::abort();
}

int find_free_port() {
  const int number = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(number, reinterpret_cast<sockaddr*>(&address), length) != 0) std::abort();
  if (::getsockname(number, reinterpret_cast<sockaddr*>(&address), &length) != 0) std::abort();
  ::close(number);
  return ntohs(address.sin_port);
}

// A child that is no root and dies with its parent.
pid_t spawn(const std::vector<std::string>& arguments, const std::string& output) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (std::freopen(output.c_str(), "a", stdout) == nullptr) ::_exit(126);
  ::dup2(::fileno(stdout), 2);
  if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  std::vector<char*> pointers;
  for (const std::string& each : arguments) pointers.push_back(const_cast<char*>(each.c_str()));
  pointers.push_back(nullptr);
  ::execv(pointers[0], pointers.data());
  ::_exit(127);
}

}  // namespace

TestServer::TestServer() : port_(find_free_port()) {
  folder_ = (std::filesystem::temp_directory_path() / "intertie-postgres-XXXXXX").string();
  if (::mkdtemp(folder_.data()) == nullptr) std::abort();
  if (::geteuid() == 0 && ::chown(folder_.c_str(), kNobody, kNobody) != 0) std::abort();
  const pid_t made = spawn({find_program("initdb"), "-D", folder_ + "/data", "-U", "intertie", "-A",
                            "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
                           folder_ + "/initdb.log");
  int status = 0;
  if (::waitpid(made, &status, 0) != made || status != 0) std::abort();
  start();
}

TestServer::~TestServer() {
  if (process_ != 0) stop(SIGQUIT);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

TestServer& TestServer::shared() {
  static TestServer server;
  return server;
}

void TestServer::start() {
  process_ = spawn({find_program("postgres"), "-D", folder_ + "/data", "-k", folder_, "-h",
                    "127.0.0.1", "-p", std::to_string(port_), "-c", "max_connections=50"},
                   folder_ + "/server.log");
  for (int tries = 0; tries < 3'000; ++tries) {
    if (PQping(connect_to("postgres").c_str()) == PQPING_OK) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::fprintf(stderr, "the server does not start: see %s/server.log\n", folder_.c_str());
  std::abort();
}

void TestServer::stop(int signal) {
  ::kill(process_, signal);
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
}

std::string TestServer::connect_to(const std::string& database) const {
  return "postgres://intertie@/" + database + "?host=" + folder_ + "&port=" + std::to_string(port_);
}

std::string TestServer::execute(const std::string& database, const std::string& sql) const {
  PGconn* const connection = PQconnectdb(connect_to(database).c_str());
  PGresult* const result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
      << sql << ": " << PQerrorMessage(connection);
  const std::string value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  PQfinish(connection);
  return value;
}

PostgresHost::PostgresHost(TestServer& server) : server_(server) {
  static int count = 0;
  database_ = "store" + std::to_string(++count);
  server_.execute("postgres", "CREATE DATABASE " + database_);
}

PostgresHost::~PostgresHost() {
  server_.execute("postgres", "DROP DATABASE " + database_ + " WITH (FORCE)");
}

PostgresOptions PostgresHost::options() const {
  PostgresOptions options;
  options.connection = server_.connect_to(database_);
  return options;
}

core::Result<std::unique_ptr<storage::Store>> PostgresHost::open(storage::FailHook fail_hook) {
  PostgresOptions with_hook = options();
  with_hook.fail_hook = std::move(fail_hook);
  auto store = open_postgres_store(std::move(with_hook));
  if (!store) return store.error();
  return std::unique_ptr<storage::Store>(std::move(*store));
}

void PostgresHost::flip_byte(StoredPart part, storage::LogIndex index, std::size_t offset) {
  const std::string at = std::to_string(offset);
  const bool is_in_log = part == StoredPart::head || part == StoredPart::chain;
  const std::string table = is_in_log ? "log" : part == StoredPart::body ? "bodies" : "snapshots";
  const std::string column = part == StoredPart::head    ? "head"
                             : part == StoredPart::chain ? "chain"
                                                         : "bytes";
  execute("UPDATE intertie." + table + " SET " + column + " = set_byte(" + column + ", " + at +
          ", get_byte(" + column + ", " + at + ") # 1) WHERE idx = " + std::to_string(index));
}

void PostgresHost::make_format_newer() {
  execute("UPDATE intertie.store SET format = " + std::to_string(format_version + 1));
}

namespace {

class PostgresConformance : public testing::TestWithParam<storage::ConformanceCase> {};

TEST_P(PostgresConformance, Holds) {
  PostgresHost host;
  EXPECT_EQ(GetParam().run(host), "");
}

INSTANTIATE_TEST_SUITE_P(Storage, PostgresConformance,
                         testing::ValuesIn(storage::get_conformance_cases()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace intertie::storage_postgres
