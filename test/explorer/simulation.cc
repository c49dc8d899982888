#include "explorer/simulation.h"

#include <algorithm>

#include "base/hash.h"

namespace sluice::explorer {

namespace {

void append(std::string& out, const std::string& text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append(std::string& out, const Parts& parts) {
  for (const auto& [number, etag] : parts) {
    out += std::to_string(number) + "=";
    append(out, etag);
  }
  out += ';';
}

bool is_beside(const std::string& key) {
  return key.starts_with("state/job/u/");
}

std::string content_of(const Parts& parts) {
  std::string content;
  for (const auto& [number, etag] : parts) content += (content.empty() ? "" : "|") + etag;
  return content;
}

bool holds(const OpenUpload& upload, const Parts& parts) {
  for (const auto& [number, etag] : parts) {
    const auto found = upload.parts.find(number);
    if (found == upload.parts.end() || found->second != etag) return false;
  }
  return true;
}

}  // namespace

std::string etag_of_text(const std::string& body) {
  return std::to_string(hash64(body));
}

std::string World::text() const {
  std::string out;
  for (const auto& [key, object] : objects) {
    append(out, key);
    append(out, object.body);
    append(out, object.etag);
    append(out, object.mark);
  }
  out += '/';
  for (const auto& [id, upload] : uploads) {
    append(out, id);
    append(out, upload.key);
    append(out, upload.mark);
    append(out, upload.parts);
  }
  out += '/';
  for (const auto& [key, body] : beside) {
    append(out, key);
    append(out, body);
  }
  for (const auto& [id, file] : inodes) {
    append(out, id);
    append(out, file.first);
    append(out, file.second);
  }
  return out;
}

const Object* World::find(const std::string& key) const {
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : &found->second;
}

std::string Request::text() const {
  static constexpr const char* names[] = {"get",      "head",  "put",          "delete",
                                          "complete", "abort", "list uploads", "list",
                                          "create",   "part",  "choose"};
  std::string out = names[static_cast<int>(kind)];
  out += ' ';
  out += key;
  if (!id.empty()) out += " " + id;
  if (kind == Kind::put) {
    out += expect == Expect::absent     ? " if absent"
           : expect == Expect::this_one ? " if " + etag
                                        : "";
    out += ": " + body;
  } else if (kind == Kind::remove && expect == Expect::this_one) {
    out += " if " + etag + " of " + mark;
  } else if (kind == Kind::create) {
    out += " of " + mark;
  }
  for (const auto& [number, part] : parts) out += " " + std::to_string(number) + "=" + part;
  if (!by.empty()) out += " by " + by;
  if (options > 0) out += " of " + std::to_string(options);
  return out;
}

std::string Answer::text() const {
  static constexpr const char* names[] = {"no answer", "done",  "not found", "conflict",
                                          "body",      "meta",  "uploads",   "page",
                                          "id",        "choice"};
  std::string out = names[static_cast<int>(kind)];
  for (const std::string* text : {&etag, &mark, &id, &body}) {
    if (!text->empty()) out += " " + *text;
  }
  for (const auto& [upload, key] : uploads) out += " " + upload + " (" + key + ")";
  if (kind == Kind::choice) out += " " + std::to_string(choice);
  return out;
}

Request request_of(const sluice::Request& from, const std::string& by) {
  using Kind = Request::Kind;
  Request to;
  if (const auto* get = std::get_if<Get>(&from)) {
    to.key = get->key.str();
  } else if (const auto* head = std::get_if<Head>(&from)) {
    to.kind = Kind::head, to.key = head->key.str();
  } else if (const auto* put = std::get_if<Put>(&from)) {
    to.kind = Kind::put, to.key = put->key.str(), to.body = put->body;
    if (std::holds_alternative<Absent>(put->expect)) to.expect = Request::Expect::absent;
    if (const auto* etag = std::get_if<ETag>(&put->expect)) {
      to.expect = Request::Expect::this_one, to.etag = etag->str();
    }
  } else if (const auto* remove = std::get_if<Delete>(&from)) {
    to.kind = Kind::remove, to.key = remove->key.str();
    if (remove->only) {
      to.expect = Request::Expect::this_one;
      to.etag = remove->only->etag.str(), to.mark = remove->only->mark.str();
    }
  } else if (const auto* complete = std::get_if<Complete>(&from)) {
    to.kind = Kind::complete, to.key = complete->key.str(), to.id = complete->id.str();
    for (const PartTag& part : complete->parts) to.parts[part.number] = part.etag.str();
  } else if (const auto* abort = std::get_if<Abort>(&from)) {
    to.kind = Kind::abort, to.key = abort->key.str(), to.id = abort->id.str(), to.by = by;
  } else if (const auto* uploads = std::get_if<ListUploads>(&from)) {
    to.kind = Kind::list_uploads, to.key = uploads->prefix;
  } else if (const auto* list = std::get_if<List>(&from)) {
    to.kind = Kind::list, to.key = list->prefix;
  } else {
    ENSURE(!"a request that the ledger never makes");
  }
  return to;
}

Result<sluice::Answer> answer_of(const Answer& from) {
  switch (from.kind) {
    case Answer::Kind::lost:
      return Error{ErrorKind::transient, "no answer"};
    case Answer::Kind::not_found:
      return Error{ErrorKind::not_found, "not there"};
    case Answer::Kind::conflict:
      return Error{ErrorKind::conflict, "not as expected"};
    case Answer::Kind::done:
      return sluice::Answer(Done{ETag(from.etag)});
    case Answer::Kind::body:
      return sluice::Answer(Body{Buffer::of(from.body), {.etag = ETag(from.etag)}});
    case Answer::Kind::meta:
      return sluice::Answer(Meta{.etag = ETag(from.etag), .mark = Mark(from.mark)});
    case Answer::Kind::page:
      return sluice::Answer(Page{});
    case Answer::Kind::uploads: {
      UploadPage page;
      for (const auto& [id, key] : from.uploads) page.uploads.push_back({Key(key), UploadId(id)});
      std::stable_sort(page.uploads.begin(), page.uploads.end(),
                       [](const auto& a, const auto& b) { return a.key < b.key; });
      return sluice::Answer(std::move(page));
    }
    case Answer::Kind::id:
    case Answer::Kind::choice:
      break;
  }
  ENSURE(!"an answer that is not for the ledger");
}

namespace {

Answer refuse(Answer::Kind kind) {
  return {.kind = kind};
}

Effect put(World world, const Request& request) {
  if (is_beside(request.key)) {
    const auto [found, fresh] = world.beside.insert({request.key, request.body});
    std::string wrong;
    if (!fresh && found->second != request.body)
      wrong = request.key + " is written with other bytes";
    return {{.kind = Answer::Kind::done}, std::move(world), std::move(wrong)};
  }
  const Object* there = world.find(request.key);
  const bool refused = request.expect == Request::Expect::absent ? there != nullptr
                       : request.expect == Request::Expect::this_one
                           ? there == nullptr || there->etag != request.etag
                           : false;
  if (refused) return {refuse(Answer::Kind::conflict), std::move(world), {}};
  const std::string etag = etag_of_text(request.body);
  world.objects[request.key] = {request.body, etag, {}};
  return {{.kind = Answer::Kind::done, .etag = etag}, std::move(world), {}};
}

Effect remove(const StoreKind& store, World world, const Request& request) {
  const Object* there = world.find(request.key);
  if (request.expect == Request::Expect::this_one) {
    if (there == nullptr) return {refuse(Answer::Kind::not_found), std::move(world), {}};
    if (there->etag != request.etag || (store.exact_delete && there->mark != request.mark)) {
      return {refuse(Answer::Kind::conflict), std::move(world), {}};
    }
  }
  world.objects.erase(request.key);
  std::erase_if(world.inodes, [&](const auto& file) { return file.second.first == request.key; });
  return {{.kind = Answer::Kind::done}, std::move(world), {}};
}

// A part that comes when its upload, one file, is visible: it is written into that file.
Effect late_part(const StoreKind& store, World world, const Request& request) {
  const auto file = world.inodes.find(request.id);
  if (store.in_place_parts && file != world.inodes.end()) {
    auto& [key, parts] = file->second;
    for (const auto& [number, etag] : request.parts) parts[number] = etag;
    world.objects.at(key).etag = content_of(parts);
  }
  return {refuse(Answer::Kind::not_found), std::move(world), {}};
}

Effect put_part(const StoreKind& store, World world, const Request& request) {
  const auto upload = world.uploads.find(request.id);
  if (upload == world.uploads.end()) return late_part(store, std::move(world), request);
  for (const auto& [number, etag] : request.parts) upload->second.parts[number] = etag;
  return {{.kind = Answer::Kind::done}, std::move(world), {}};
}

Effect complete(const StoreKind& store, World world, const Request& request) {
  const auto upload = world.uploads.find(request.id);
  if (upload == world.uploads.end()) return {refuse(Answer::Kind::not_found), std::move(world), {}};
  Parts parts = request.parts;
  if (store.in_place_parts) {
    for (auto& [number, etag] : parts) etag = upload->second.parts.at(number);
    std::erase_if(world.inodes,
                  [&](const auto& file) { return file.second.first == upload->second.key; });
    world.inodes[request.id] = {upload->second.key, upload->second.parts};
  } else if (!holds(upload->second, parts)) {
    return {refuse(Answer::Kind::conflict), std::move(world), {}};
  }
  const std::string etag = content_of(parts);
  world.objects[upload->second.key] = {{}, etag, upload->second.mark};
  world.uploads.erase(upload);
  return {{.kind = Answer::Kind::done, .etag = etag}, std::move(world), {}};
}

Answer read(const World& world, const Request& request) {
  const Object* there = world.find(request.key);
  if (there == nullptr) return refuse(Answer::Kind::not_found);
  if (request.kind == Request::Kind::head) {
    return {.kind = Answer::Kind::meta, .etag = there->etag, .mark = there->mark};
  }
  return {.kind = Answer::Kind::body, .body = there->body, .etag = there->etag};
}

Answer list_uploads(const World& world, const Request& request) {
  Answer answer{.kind = Answer::Kind::uploads};
  for (const auto& [id, upload] : world.uploads) {
    if (upload.key.starts_with(request.key)) answer.uploads.push_back({id, upload.key});
  }
  return answer;
}

}  // namespace

std::vector<Effect> apply(const StoreKind& store, const World& world, const Request& request) {
  using Kind = Request::Kind;
  std::vector<Effect> effects;
  switch (request.kind) {
    case Kind::get:
    case Kind::head:
      effects.push_back({read(world, request), world, {}});
      break;
    case Kind::put:
      effects.push_back(put(world, request));
      break;
    case Kind::remove:
      effects.push_back(remove(store, world, request));
      break;
    case Kind::complete:
      effects.push_back(complete(store, world, request));
      break;
    case Kind::part:
      effects.push_back(put_part(store, world, request));
      break;
    case Kind::list_uploads:
      effects.push_back({list_uploads(world, request), world, {}});
      break;
    case Kind::list:
      effects.push_back({{.kind = Answer::Kind::page}, world, {}});
      break;
    case Kind::abort: {
      World after = world;
      after.uploads.erase(request.id);
      effects.push_back({{.kind = Answer::Kind::done}, std::move(after), {}});
      break;
    }
    case Kind::create: {
      World after = world;
      after.uploads[request.id] = {request.key, request.mark, request.parts};
      effects.push_back({{.kind = Answer::Kind::id, .id = request.id}, std::move(after), {}});
      break;
    }
    case Kind::choose:
      for (uint64_t i = 0; i < request.options; ++i) {
        effects.push_back({{.kind = Answer::Kind::choice, .choice = i}, world, {}});
      }
      break;
  }
  return effects;
}

}  // namespace sluice::explorer
