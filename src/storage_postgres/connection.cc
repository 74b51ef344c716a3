#include "connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>

#include <libpq-fe.h>

#include "intertie/storage_postgres/postgres_store.h"

namespace intertie::storage_postgres {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using ParsedOptions = std::unique_ptr<PQconninfoOption, FreeOptions>;

// A peer that vanished is noticed by the kernel, unless the operator says otherwise.
struct Default {
  std::string_view name;
  const char* value;
};
constexpr std::array kDefaults = {
    Default{"application_name", "intertie"}, Default{"tcp_user_timeout", "5000"},
    Default{"keepalives_idle", "2"},         Default{"keepalives_interval", "1"},
    Default{"keepalives_count", "3"},
};

std::string on_one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::erase(text, '\t');
  return text;
}

core::Result<ParsedOptions> parse(const std::string& connection) {
  char* why = nullptr;
  ParsedOptions parsed(PQconninfoParse(connection.c_str(), &why));
  if (parsed == nullptr) {
    // The message may repeat the text, and that a password.
    PQfreemem(why);
    return {core::Reason::bad_argument,
            "the store's connection string is none: postgres://USER@HOST:PORT/DATABASE"};
  }
  for (const PQconninfoOption* each = parsed.get(); each->keyword != nullptr; ++each) {
    const std::string_view keyword = each->keyword;
    if ((keyword == "password" || keyword == "sslpassword") && each->val != nullptr) {
      return {core::Reason::bad_argument,
              "the store's connection string has a password, which others could read: put it "
              "into ~/.pgpass, the file of PGPASSFILE, or one named by passfile="};
    }
  }
  return parsed;
}

bool is_damage(std::string_view code) { return code == "XX001" || code == "XX002"; }

}  // namespace

bool is_postgres_store(std::string_view place) {
  return place.starts_with("postgres://") || place.starts_with("postgresql://");
}

std::string describe_connection(const std::string& connection) {
  const core::Result<ParsedOptions> parsed = parse(connection);
  if (!parsed) return "postgres://?";
  std::string host;
  std::string port;
  std::string database;
  for (const PQconninfoOption* each = parsed->get(); each->keyword != nullptr; ++each) {
    if (each->val == nullptr) continue;
    const std::string_view keyword = each->keyword;
    if (keyword == "host" || (keyword == "hostaddr" && host.empty())) host = each->val;
    if (keyword == "port") port = each->val;
    if (keyword == "dbname") database = each->val;
  }
  return "postgres://" + host + (port.empty() ? "" : ":" + port) + "/" + database;
}

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

int Rows::size() const { return result_ == nullptr ? 0 : PQntuples(result_.get()); }

bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::integer(int row, int column) const { return read_integer(bytes(row, column)); }

bool Rows::boolean(int row, int column) const {
  const std::string_view value = bytes(row, column);
  return value.size() == 1 && value[0] != 0;
}

void Connection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

core::Result<Connection> Connection::open(const std::string& connection, core::Duration patience) {
  const core::Result<ParsedOptions> parsed = parse(connection);
  if (!parsed) return parsed.error();
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const PQconninfoOption* each = parsed->get(); each->keyword != nullptr; ++each) {
    const char* value = each->val;
    for (const Default& fallback : kDefaults) {
      if (value == nullptr && fallback.name == each->keyword) value = fallback.value;
    }
    if (value == nullptr) continue;
    keywords.push_back(each->keyword);
    values.push_back(value);
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  Connection opened(PQconnectStartParams(keywords.data(), values.data(), 0), patience);
  if (opened.connection_ == nullptr) return {core::Reason::store_unavailable, "out of memory"};
  if (auto done = opened.finish_connecting(); !done) return done.error();
  PQsetNoticeProcessor(
      opened.connection_.get(), [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(opened.connection_.get(), 1) != 0) return opened.make_error("connecting");
  return opened;
}

core::Result<void> Connection::finish_connecting() {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::microseconds(patience_.count);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK) {
    if (status == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
      return make_error("connecting");
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd waiting{PQsocket(connection_.get()),
                   static_cast<short>(status == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) {
      return {core::Reason::store_unavailable, "connecting: PostgreSQL does not answer"};
    }
    status = PQconnectPoll(connection_.get());
  }
  return {};
}

bool Connection::is_broken() const {
  return is_given_up_ || PQstatus(connection_.get()) != CONNECTION_OK;
}

int Connection::server_process() const { return PQbackendPID(connection_.get()); }

core::Error Connection::make_error(std::string_view during) {
  return {core::Reason::store_unavailable,
          std::string(during) + ": " + on_one_line(PQerrorMessage(connection_.get()))};
}

core::Error Connection::note_failure(const pg_result* result, std::string_view during) {
  const char* const code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  last_code_ = code == nullptr ? "" : code;
  const auto reason =
      is_damage(last_code_) ? core::Reason::store_damaged : core::Reason::store_unavailable;
  return {reason, std::string(during) + ": " + on_one_line(PQresultErrorMessage(result))};
}

core::Result<void> Connection::wait_socket(bool wants_write) {
  pollfd waiting{PQsocket(connection_.get()),
                 static_cast<short>(wants_write ? POLLIN | POLLOUT : POLLIN), 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(patience_.count / 1'000));
  if (ready == 0) {
    // Whatever still comes belongs to a question that nobody asks any more.
    is_given_up_ = true;
    return {core::Reason::store_unavailable, "PostgreSQL does not answer"};
  }
  if (ready > 0 && (waiting.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_.get()) == 0) {
    return make_error("reading");
  }
  return {};
}

core::Result<void> Connection::flush() {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return {};
    if (left < 0) return make_error("sending");
    if (auto done = wait_socket(true); !done) return done;
  }
}

core::Result<pg_result*> Connection::next_result() {
  while (PQisBusy(connection_.get()) != 0) {
    if (auto done = wait_socket(false); !done) return done.error();
  }
  return PQgetResult(connection_.get());
}

core::Result<void> Connection::execute(const std::string& sql) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return make_error("sending");
  const core::Result<Rows> rows = receive();
  if (!rows) return rows.error();
  return {};
}

core::Result<Rows> Connection::receive() {
  if (auto done = flush(); !done) return done.error();
  Rows rows;
  std::optional<core::Error> failure;
  for (;;) {
    core::Result<pg_result*> result = next_result();
    if (!result) return result.error();
    if (*result == nullptr) break;
    const ExecStatusType status = PQresultStatus(*result);
    const bool is_fine = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!is_fine && !failure) failure = note_failure(*result, "PostgreSQL");
    rows = Rows(*result);
  }
  if (failure) return *failure;
  return rows;
}

core::Result<void> Connection::prepare(const Statement& statement) {
  if (prepared_.contains(statement.name)) return {};
  if (PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) == 0) {
    return make_error("preparing");
  }
  const core::Result<Rows> done = receive();
  if (!done) return done.error();
  prepared_.insert(statement.name);
  return {};
}

namespace {

bool send_prepared(PGconn* connection, const Statement& statement, const Values& values) {
  std::vector<const char*> items;
  std::vector<int> lengths;
  for (const std::string& item : values.items()) {
    items.push_back(item.data());
    lengths.push_back(static_cast<int>(item.size()));
  }
  const std::vector<int> formats(items.size(), 1);
  return PQsendQueryPrepared(connection, statement.name, static_cast<int>(items.size()),
                             items.data(), lengths.data(), formats.data(), 1) != 0;
}

}  // namespace

core::Result<void> Connection::send(const Statement& statement, const Values& values) {
  if (auto done = prepare(statement); !done) return done;
  if (!send_prepared(connection_.get(), statement, values)) return make_error("sending");
  return flush();
}

core::Result<Rows> Connection::query(const Statement& statement, const Values& values) {
  if (auto done = send(statement, values); !done) return done.error();
  return receive();
}

core::Result<void> Connection::queue(const Statement& statement, const Values& values) {
  if (queued_ == 0) {
    if (PQenterPipelineMode(connection_.get()) == 0) return make_error("sending");
  }
  if (!prepared_.contains(statement.name)) {
    if (PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) == 0) {
      return make_error("preparing");
    }
    prepared_.insert(statement.name);
    ++queued_;
  }
  if (!send_prepared(connection_.get(), statement, values)) return make_error("sending");
  ++queued_;
  return {};
}

core::Result<void> Connection::push() { return flush(); }

core::Result<void> Connection::sync() {
  if (PQpipelineSync(connection_.get()) == 0) return make_error("sending");
  if (auto done = flush(); !done) return done;
  std::optional<core::Error> failure;
  for (bool is_over = false; !is_over;) {
    core::Result<pg_result*> result = next_result();
    if (!result) return result.error();
    if (*result == nullptr) {  // Between two statements' results.
      if (is_broken()) return failure ? *failure : make_error("committing");
      continue;
    }
    const Rows owned(*result);
    const ExecStatusType status = PQresultStatus(*result);
    is_over = status == PGRES_PIPELINE_SYNC;
    const bool is_fine = is_over || status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
                         status == PGRES_PIPELINE_ABORTED;
    if (!is_fine && !failure) failure = note_failure(*result, "PostgreSQL");
  }
  queued_ = 0;
  if (PQexitPipelineMode(connection_.get()) == 0 && !failure) failure = make_error("committing");
  if (failure) return *failure;
  return {};
}

core::Result<bool> Connection::wait_notification(core::Duration wait) {
  if (PQconsumeInput(connection_.get()) == 0) return make_error("listening");
  bool is_notified = false;
  for (int round = 0; round < 2 && !is_notified; ++round) {
    while (PGnotify* const notification = PQnotifies(connection_.get())) {
      PQfreemem(notification);
      is_notified = true;
    }
    if (is_notified || round == 1) break;
    pollfd waiting{PQsocket(connection_.get()), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(wait.count / 1'000)) > 0 &&
        PQconsumeInput(connection_.get()) == 0) {
      return make_error("listening");
    }
  }
  return is_notified;
}

}  // namespace intertie::storage_postgres
