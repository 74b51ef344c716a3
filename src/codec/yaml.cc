#include "intertie/codec/yaml.h"

#include <exception>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "intertie/core/limits.h"

#include "fault.h"
#include "json_decode.h"
#include "utf8.h"

namespace intertie::codec {
namespace {

namespace json = boost::json;
namespace limits = core::limits;
using core::Reason;

/// Where the values of a tree stand: children in the order of the elements.
struct Lines {
  int line = 1;
  std::vector<Lines> children;
};

/// Leaves yaml-cpp's parser from within an event; caught in this file.
class Refusal : public std::exception {
 public:
  explicit Refusal(core::Error error) : error_(std::move(error)) {}
  const char* what() const noexcept override { return error_.detail.c_str(); }
  const core::Error& error() const { return error_; }

 private:
  core::Error error_;
};

[[noreturn]] void refuse(const YAML::Mark& mark, Reason reason, const std::string& why) {
  throw Refusal({reason, "line " + std::to_string(mark.line + 1) + ": " + why});
}

// Builds the tree and its lines from the parser's events.
class YamlTreeBuilder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, Reason::bad_syntax, "aliases (*name) are not used here; write the value out");
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    if (expects_key()) refuse(mark, Reason::bad_syntax, "a key must be a text");
    place(mark, nullptr);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    last_scalar_ = mark.pos;
    if (value.size() > limits::text_bytes_max) {
      refuse(mark, Reason::too_large,
             "a text longer than " + std::to_string(limits::text_bytes_max) + " bytes");
    }
    if (expects_key()) {
      open_.back().key = value;
      open_.back().key_line = mark.line + 1;
      open_.back().has_key = true;
      return;
    }
    const bool is_plain = tag == "?";
    place(mark, json::string(is_plain ? kPlainMark + value : value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::array());
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::object());
  }
  void OnMapEnd() override { open_.pop_back(); }

  const json::value& root() const { return root_; }
  const Lines& lines() const { return lines_; }

  /// Where the last scalar starts, in bytes; negative if there is none.
  int last_scalar() const { return last_scalar_; }

 private:
  struct Open {
    json::value* container = nullptr;  // Both stable: a parent does not change while a child is
    Lines* lines = nullptr;            // open.
    std::string key;
    int key_line = 0;
    bool has_key = false;
  };

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != 0) refuse(mark, Reason::bad_syntax, "anchors (&name) are not used here");
    // "?" is an unquoted scalar or an untagged container, "!" a quoted scalar.
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse(mark, Reason::bad_syntax, "tags (!name) are not used here");
    }
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().container->is_object() && !open_.back().has_key;
  }

  std::pair<json::value*, Lines*> place(const YAML::Mark& mark, json::value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      lines_.line = mark.line + 1;
      return {&root_, &lines_};
    }
    Open& top = open_.back();
    if (top.lines->children.size() >= limits::list_length_max) {
      refuse(mark, Reason::too_large,
             "more than " + std::to_string(limits::list_length_max) + " elements");
    }
    const bool is_object = top.container->is_object();
    top.lines->children.push_back({is_object ? top.key_line : mark.line + 1, {}});
    Lines* lines = &top.lines->children.back();
    if (!is_object) return {&top.container->get_array().emplace_back(std::move(value)), lines};
    const auto [entry, is_new] = top.container->get_object().emplace(top.key, std::move(value));
    if (!is_new) {
      throw Refusal({Reason::duplicate_field, "line " + std::to_string(top.key_line) + ": " +
                                                  quote_name(top.key) + " is given twice"});
    }
    top.has_key = false;
    return {&entry->value(), lines};
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            json::value value) {
    check(mark, tag, anchor);
    if (expects_key()) refuse(mark, Reason::bad_syntax, "a key must be a text");
    if (open_.size() >= static_cast<std::size_t>(limits::document_depth_max)) {
      refuse(mark, Reason::too_deep,
             "more than " + std::to_string(limits::document_depth_max) + " levels");
    }
    const auto [container, lines] = place(mark, std::move(value));
    open_.push_back({container, lines, {}, 0, false});
  }

  json::value root_;
  Lines lines_;
  int last_scalar_ = -1;
  std::vector<Open> open_;
};

// yaml-cpp takes the end of the file for the closing quote. Only the last scalar can be cut off.
bool is_cut_off(std::string_view text, int last_scalar) {
  if (last_scalar < 0 || static_cast<std::size_t>(last_scalar) >= text.size()) return false;
  std::size_t at = static_cast<std::size_t>(last_scalar);
  const char quote = text[at];
  if (quote != '"' && quote != '\'') return false;
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      // In single quotes, two quotes are one.
      const bool is_doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
      if (!is_doubled) return false;
      ++at;
    }
  }
  return true;
}

// The line of the deepest part of the fault's path that stands in the document.
int find_line(const json::value& root, const Lines& lines, const Fault& fault) {
  const json::value* value = &root;
  const Lines* at = &lines;
  for (auto step = fault.steps.rbegin(); step != fault.steps.rend(); ++step) {
    std::size_t index = at->children.size();
    if (step->is_index && value->is_array()) {
      index = step->index;
      if (index < at->children.size()) value = &value->get_array()[index];
    } else if (!step->is_index && value->is_object()) {
      const json::object& object = value->get_object();
      const auto entry = object.find(step->key);
      index = static_cast<std::size_t>(entry - object.begin());
      if (entry != object.end()) value = &entry->value();
    }
    if (index >= at->children.size()) break;
    at = &at->children[index];
  }
  return at->line;
}

// yaml-cpp guesses the encoding and reads some control characters as its own marks.
core::Result<void> check_characters(std::string_view text) {
  if (text.size() > limits::document_bytes_max) {
    return {Reason::too_large,
            "a document longer than " + std::to_string(limits::document_bytes_max) + " bytes"};
  }
  if (!is_utf8(text)) return {Reason::bad_syntax, "the document is not valid UTF-8"};
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    const bool is_control = (c >= 0 && c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
    if (is_control) {
      return {Reason::bad_syntax, "line " + std::to_string(line) + ": a control character"};
    }
  }
  return {};
}

void parse(std::string_view text, YamlTreeBuilder& builder) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // A byte order mark says nothing.
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  parser.HandleNextDocument(builder);
  if (is_cut_off(text, builder.last_scalar())) {
    throw Refusal({Reason::bad_syntax, "the last quotation mark is not closed"});
  }
  YamlTreeBuilder second;
  if (parser.HandleNextDocument(second)) {
    throw Refusal({Reason::bad_syntax, "a second document (after ---) is not used here"});
  }
}

}  // namespace

namespace detail {

core::Result<void> decode_yaml(const Type& type, std::string_view text, Boundary boundary,
                               void* object) {
  const core::Result<void> is_clean = check_characters(text);
  if (!is_clean) return is_clean;
  YamlTreeBuilder builder;
  try {
    parse(text, builder);
  } catch (const Refusal& refusal) {
    return refusal.error();
  } catch (const YAML::DeepRecursion& failure) {
    return {Reason::too_deep,
            "line " + std::to_string(failure.mark.line + 1) + ": nested too deeply"};
  } catch (const YAML::Exception& failure) {
    return {Reason::bad_syntax,
            "line " + std::to_string(failure.mark.line + 1) + ": " + failure.msg};
  } catch (const std::exception& failure) {
    return {Reason::bad_syntax, failure.what()};
  }
  TreeDecoder decoder(boundary, Notation::yaml);
  if (decoder.decode(type, builder.root(), object)) return {};
  core::Error error = to_error(decoder.fault());
  const int line = find_line(builder.root(), builder.lines(), decoder.fault());
  error.detail.insert(0, "line " + std::to_string(line) + ": ");
  return error;
}

}  // namespace detail
}  // namespace intertie::codec
