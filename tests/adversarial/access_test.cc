// Adversarial test 1: every route, every role, and whose object it asks for.
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "access_world.h"

namespace intertie::adversarial {
namespace {

using api::Response;
using api::Route;
using Party = AccessWorld::Party;

struct Cell {
  std::string caller;  // A principal; empty: nobody.
  Party party = Party::nobody;
  Whose whose = Whose::own;
};

std::vector<Cell> list_user_cells(const AccessRow& row) {
  std::vector<Cell> cells = {{"", Party::nobody, Whose::own}};
  for (const char* const who : {"ada", "plant", "root"}) {
    cells.push_back({who, Party::nobody, Whose::own});
    if (row.subject == Subject::none) continue;
    cells.push_back({who, Party::nobody, Whose::other});
    cells.push_back({who, Party::nobody, Whose::tenant});
  }
  return cells;
}

std::vector<Cell> list_site_cells() {
  return {{"", Party::nobody, Whose::own}, {"", Party::stranger, Whose::own},
          {"", Party::site, Whose::own},   {"", Party::site, Whose::other},
          {"", Party::peer, Whose::own},   {"", Party::peer, Whose::other}};
}

std::string make_key(const Route& route) {
  return std::string(route.method) + " " + std::string(route.pattern);
}

const AccessRow* find_row(std::span<const AccessRow> rows, const std::string& key) {
  const auto found = std::ranges::find(rows, key, &AccessRow::route);
  return found == rows.end() ? nullptr : &*found;
}

// Done: authorised. What then is wrong with the made-up body is another matter, but it is never
// the caller.
bool is_done(int status) {
  static const std::set<int> kNotDone = {401, 403, 404, 405, 500, 501};
  return !kNotDone.contains(status);
}

void check_cell(char cell, const Response& response) {
  switch (cell) {
    case '+':
      EXPECT_TRUE(is_done(response.status)) << response.status << " " << response.body;
      return;
    case '!':
      EXPECT_EQ(response.status, 401) << response.body;
      return;
    case '-':
      EXPECT_EQ(response.status, 403) << response.body;
      return;
    case '0':
      EXPECT_EQ(response.status, 404) << response.body;
      return;
    case 's':
      EXPECT_EQ(response.status, 409) << response.body;
      return;
    case 'b':
      EXPECT_EQ(response.status, 400) << response.body;
      return;
    default:
      FAIL() << "the row has a cell " << cell;
  }
}

// No answer to anybody but operators has what belongs to others.
void check_marks(const Cell& cell, const std::string& asked, const Response& response) {
  if (cell.caller == "root" || cell.party != Party::nobody) return;
  for (const std::string& owner : {std::string("ada"), std::string("bob"), std::string("plant"),
                                   std::string("root"), AccessWorld::name_tenant()}) {
    const std::string mark = AccessWorld::make_mark(owner);
    if (owner == cell.caller || mark == asked) continue;  // A refusal may name what was asked for.
    const std::size_t at = response.body.find(mark + "\"");
    EXPECT_EQ(at, std::string::npos) << cell.caller << " sees " << mark;
    EXPECT_EQ(response.body.find(mark + " content"), std::string::npos) << "reads " << mark;
  }
}

/// A world is used until a request has changed it.
class Matrix {
 public:
  void drive(const Route& route, const AccessRow& row, const Cell& cell, char expected) {
    if (!world_) world_ = std::make_unique<AccessWorld>();
    const bool is_user =
        route.pattern.substr(0, 6) != "/site/" && route.pattern.substr(0, 6) != "/peer/";
    auto request = is_user ? world_->make_user_request(route, row, cell.caller, cell.whose)
                           : world_->make_site_request(route, row, cell.party, cell.whose);
    const std::uint64_t before = world_->last_index();
    const auto name = request.query.find("name");
    const std::string asked = name == request.query.end() ? "" : name->second;
    const Response response =
        is_user ? world_->send_user(std::move(request)) : world_->send_site(std::move(request));
    check_cell(expected, response);
    check_marks(cell, asked, response);
    if (expected != '+') {
      EXPECT_EQ(world_->last_index(), before) << "what was refused has changed something";
    }
    if (world_->last_index() != before || (expected == '+' && route.method != "GET")) {
      world_.reset();
    }
    ++driven;
  }
  int driven = 0;

 private:
  std::unique_ptr<AccessWorld> world_;
};

void drive_all(const std::vector<Route>& routes, std::span<const AccessRow> rows, bool is_user,
               Matrix& matrix) {
  for (const Route& route : routes) {
    const std::string key = make_key(route);
    SCOPED_TRACE(key);
    const AccessRow* const row = find_row(rows, key);
    ASSERT_NE(row, nullptr) << "no row in access_rows.cc";
    const auto cells = is_user ? list_user_cells(*row) : list_site_cells();
    ASSERT_EQ(row->cells.size(), cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (row->cells[i] == '.') continue;
      SCOPED_TRACE("cell " + std::to_string(i) + " of " + std::string(row->cells));
      matrix.drive(route, *row, cells[i], row->cells[i]);
    }
  }
}

TEST(Adversarial, A01_EveryRouteRoleAndOwnerIsAsTheMatrixSays) {
  Matrix matrix;
  drive_all(api::get_user_routes(), list_user_rows(), true, matrix);
  drive_all(api::get_site_routes(), list_site_rows(), false, matrix);
  EXPECT_GT(matrix.driven, 600);
}

TEST(Adversarial, A01_NoRowIsOfARouteThatIsGone) {
  std::set<std::string> keys;
  for (const auto* routes : {&api::get_user_routes(), &api::get_site_routes()}) {
    for (const Route& route : *routes) keys.insert(make_key(route));
  }
  std::size_t rows = 0;
  for (const auto& list : {list_user_rows(), list_site_rows()}) {
    for (const AccessRow& row : list) {
      EXPECT_TRUE(keys.contains(std::string(row.route))) << row.route;
      ++rows;
    }
  }
  EXPECT_EQ(rows, keys.size());
}

// Each scope alone opens no more than the routes that name it.
TEST(Adversarial, A01_ATokenOfOneScopeOpensItsRoutesAlone) {
  AccessWorld world;
  for (const Route& route : api::get_user_routes()) {
    if (route.visibility == api::Visibility::open || !route.scope) continue;
    const AccessRow* const row = find_row(list_user_rows(), make_key(route));
    ASSERT_NE(row, nullptr);
    for (const api::Scope scope : api::kScopes) {
      if (scope == *route.scope || scope == api::Scope::admin) continue;
      auto request = world.make_user_request(route, *row, "root", Whose::other);
      request.authorization =
          "Bearer " + world.hub().token("root", {std::string(api::scope_name(scope))});
      const std::uint64_t before = world.last_index();
      EXPECT_EQ(world.send_user(std::move(request)).status, 403)
          << make_key(route) << " with " << api::scope_name(scope);
      EXPECT_EQ(world.last_index(), before);
    }
  }
}

std::string describe(char cell) {
  switch (cell) {
    case '+':
      return "yes";
    case '!':
      return "401";
    case '-':
      return "403";
    case '0':
      return "404";
    case 's':
      return "409";
    case 'b':
      return "400";
    default:
      return "";
  }
}

void render_rows(std::ostream& out, const std::vector<Route>& routes,
                 std::span<const AccessRow> rows, bool is_user) {
  for (const Route& route : routes) {
    const AccessRow* const row = find_row(rows, make_key(route));
    ASSERT_NE(row, nullptr) << make_key(route);
    out << "| `" << row->route << "` | "
        << (route.scope ? std::string(api::scope_name(*route.scope)) : "") << " | "
        << get_subject_name(row->subject) << " |";
    const bool is_single = is_user && row->subject == Subject::none;
    for (std::size_t i = 0; i < row->cells.size(); ++i) {
      out << ' ' << describe(row->cells[i]) << " |";
      if (is_single && i > 0) out << " | |";
    }
    out << '\n';
  }
}

std::string render_matrix() {
  std::ostringstream out;
  out << "# Who may do what\n\n"
         "Every route, every role, and whose object the request is about. Made from the route\n"
         "tables and `tests/adversarial/access_rows.cc` by the test `adversarial_api`\n"
         "(`INTERTIE_WRITE_DOCS=1` writes this page); `Adversarial.A01_...` drives every cell.\n"
         "401: not signed in. 403: denied. 404: as if it did not exist. 409: as if it did not "
         "run.\n"
         "*Own* is the caller's, *other* another user's, *tenant* another region's. A token may\n"
         "always do less than its role: the scope it needs stands in the second column.\n\n"
         "## User listener: bearer tokens\n\n"
         "| route | scope | about | nobody | user: own | other | tenant | provider: own | other | "
         "tenant | operator: own | other | tenant |\n"
         "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  render_rows(out, api::get_user_routes(), list_user_rows(), true);
  out << "\n## Site listener: TLS client certificates\n\n"
         "| route | scope | about | no certificate | unknown key | site: own | other's | hub: own "
         "| "
         "other's |\n"
         "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  render_rows(out, api::get_site_routes(), list_site_rows(), false);
  return out.str();
}

TEST(Adversarial, A01_TheDocumentedMatrixIsCurrent) {
  const std::string path = std::string(INTERTIE_SOURCE_DIR) + "/docs/authorisation.md";
  const std::string text = render_matrix();
  if (std::getenv("INTERTIE_WRITE_DOCS") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::ostringstream kept;
  kept << file.rdbuf();
  EXPECT_EQ(kept.str(), text) << "run this test with INTERTIE_WRITE_DOCS=1";
}

}  // namespace
}  // namespace intertie::adversarial
