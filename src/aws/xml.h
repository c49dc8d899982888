// XML as AWS speaks it: a document read into memory, walked by elements' names, and text escaped
// for the few bodies that are sent. The only door to the XML library.
//
// Attributes, comments and namespaces are passed over: "s3:Key" is found as "Key". Entities that a
// document declares itself are never expanded. UTF-8 only. One thread at a time.
//
//   XmlDocument page = TRY(XmlDocument::parse(response.body.view()));
//   for (XmlElement object : page.root().all("Contents")) object.text("Key");
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pugi {
struct xml_node_struct;
}

namespace sluice::aws {

class XmlElements;

// One element, or none: then it has no name, no text and no children. Valid while its document is.
class XmlElement {
 public:
  XmlElement() = default;
  explicit XmlElement(pugi::xml_node_struct* node) : node_(node) {}
  explicit operator bool() const { return node_ != nullptr; }
  bool operator==(const XmlElement&) const = default;

  std::string_view name() const;  // Without its prefix
  // The text right inside, unescaped, blanks kept; empty if there is none.
  std::string_view text() const;
  // The first child of that name, and its text.
  XmlElement child(std::string_view name) const;
  std::string_view text(std::string_view name) const { return child(name).text(); }
  // All children of that name in order; of any name, if it is empty.
  XmlElements all(std::string_view name) const;

  XmlElement first(std::string_view name) const;
  XmlElement next(std::string_view name) const;  // Behind this one, among its siblings

 private:
  pugi::xml_node_struct* node_ = nullptr;  // The document's
};

// For `for`. The name must live as long.
class XmlElements {
 public:
  class iterator {
   public:
    iterator(XmlElement at, std::string_view name) : at_(at), name_(name) {}
    XmlElement operator*() const { return at_; }
    iterator& operator++() {
      at_ = at_.next(name_);
      return *this;
    }
    bool operator!=(const iterator& other) const { return at_ != other.at_; }

   private:
    XmlElement at_;
    std::string_view name_;  // The range's
  };
  XmlElements(XmlElement first, std::string_view name) : first_(first), name_(name) {}
  iterator begin() const { return {first_, name_}; }
  iterator end() const { return {XmlElement(), name_}; }

 private:
  XmlElement first_;
  std::string_view name_;  // The caller's
};

class XmlDocument {
 public:
  // `corrupt` if the text isn't well-formed XML with one root element; blanks in front are fine (a
  // Complete that takes long begins with them). About four times the text's size while it lives.
  static Result<XmlDocument> parse(std::string_view text);
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();

  XmlElement root() const;

 private:
  struct Parsed;
  explicit XmlDocument(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

// Appends the text as an element's content. Control characters become references (&#10;), since a
// reader would change some of them. Others than tab, LF and CR don't exist in XML 1.0: S3 refuses
// them, so a key that has them can't be named in a body.
void append_xml_text(std::string_view text, std::string& out);
// "<name>text</name>"
void append_xml_element(std::string_view name, std::string_view text, std::string& out);

}  // namespace sluice::aws
