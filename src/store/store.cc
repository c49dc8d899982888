#include "store/store.h"

#include <array>

namespace sluice {
namespace {

// Where call() waits. Only one event ever comes.
class CallInbox : public Inbox {
 public:
  std::unique_ptr<Answered> answered() {
    return std::unique_ptr<Answered>(static_cast<Answered*>(wait().release()));
  }
};

std::string quoted_range(const Range& range) {
  return " [" + std::to_string(range.offset) + ", " + std::to_string(range.offset + range.bytes) +
         ")";
}

struct Described {
  std::string operator()(const Get& get) const {
    return get.key.str() + (get.range ? quoted_range(*get.range) : "");
  }
  std::string operator()(const Head& head) const { return head.key.str(); }
  std::string operator()(const List& list) const { return list.prefix + "*"; }
  std::string operator()(const Put& put) const {
    std::string text = put.key.str();
    if (std::holds_alternative<Absent>(put.expect)) text += " if absent";
    if (const ETag* etag = std::get_if<ETag>(&put.expect)) text += " if it is " + etag->str();
    return text;
  }
  std::string operator()(const Delete& request) const {
    return request.key.str() + (request.only ? " if it is " + request.only->etag.str() : "");
  }
  std::string operator()(const CreateUpload& create) const { return create.key.str(); }
  std::string operator()(const PutPart& part) const {
    return part.key.str() + " part " + std::to_string(part.number) + " of upload " + part.id.str();
  }
  std::string operator()(const Complete& complete) const {
    return complete.key.str() + " upload " + complete.id.str();
  }
  std::string operator()(const Abort& abort) const {
    return abort.key.str() + " upload " + abort.id.str();
  }
  std::string operator()(const ListUploads& list) const { return list.prefix + "*"; }
};

}  // namespace

std::string_view verb(const Request& request) {
  return store_verbs[request.index()];
}

std::string describe(const Request& request) {
  return std::string(verb(request)) + " " + std::visit(Described(), request);
}

Result<Answer> call(Store& store, Request request) {
  CallInbox inbox;
  store.start(std::move(request), Lease(), 1, inbox);
  return std::move(inbox.answered()->answer);
}

}  // namespace sluice
