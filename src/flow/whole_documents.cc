#include "flow/whole_documents.h"

#include <algorithm>

namespace sluice {
namespace {

struct Tools {
  std::unique_ptr<Decoder> decoder;
  std::vector<Span> spans;
};

struct Decoded {
  std::optional<Error> error;
  bool too_large = false;
};

// All of the document into the window; the spans of all its records.
Decoded decode(Decoder& decoder, std::string_view input, Buffer& window, std::vector<Span>& spans,
               Batch& batch) {
  for (;;) {
    const auto step = decoder.step(input, true, window, spans, batch.set_aside);
    if (!step.ok()) return {step.error()};
    switch (step->next) {
      case DecodeStep::Next::finished:
        return {};
      case DecodeStep::Next::more_room:
        return {.error = {}, .too_large = true};
      case DecodeStep::Next::more_input:
        return {Error{ErrorKind::corrupt, "ends in the middle"}};
    }
  }
}

// A copy of the document as it came, behind its records.
void keep_copy(const DecodedDocument& doc, const Recipe& recipe, Batch& batch) {
  if (!recipe.set_aside_place) return;
  const std::string& line =
      batch.texts.emplace_back(set_aside_line(doc.why, doc.document->name, doc.raw.bytes.view()));
  auto place = std::find(batch.places.begin(), batch.places.end(), *recipe.set_aside_place);
  if (place == batch.places.end()) place = batch.places.insert(place, *recipe.set_aside_place);
  batch.records.push_back({.text = line,
                           .place = static_cast<uint32_t>(place - batch.places.begin()),
                           .copy_of_set_aside = true});
}

void spoil(DecodedDocument& doc, const Recipe& recipe, uint64_t offset, std::string reason) {
  doc.fate = DecodedDocument::Fate::bad;
  doc.why = {.document = doc.document->name,
             .offset = offset,
             .bytes = doc.raw.bytes.size(),
             .reason = std::move(reason),
             .whole = true};
  Batch batch;
  batch.document = doc.number;
  keep_copy(doc, recipe, batch);
  batch.leases = std::move(
      doc.batch.leases);  // Covers the copy, which is no longer than a few of the document
  doc.batch = std::move(batch);
}

// Its records stand.
void cut_off(DecodedDocument& doc, const Recipe& recipe, DocumentFault fault) {
  doc.fate = DecodedDocument::Fate::partial;
  doc.why = partial(*doc.document, doc.batch.text_records, fault);
  doc.why.bytes = doc.raw.bytes.size();
  keep_copy(doc, recipe, doc.batch);
}

}  // namespace

void DecodeDocuments::run(Scratch& scratch) {
  Tools& tools = scratch.get<Tools>(recipe.key + (1ULL << 63), [&] {
    return Tools{decoders.make(), {}};
  });
  for (DecodedDocument& doc : documents) {
    Decoder& decoder = *tools.decoder;
    decoder.reset();
    tools.spans.clear();
    doc.batch.document = doc.number;
    Buffer window(doc.room_bytes);
    doc.batch.leases.push_back(std::move(doc.room));

    const Decoded decoded = decode(decoder, doc.raw.bytes.view(), window, tools.spans, doc.batch);
    doc.inflated = decoder.inflated();
    inflated += doc.inflated;
    if (decoded.too_large) {
      doc.fate = DecodedDocument::Fate::too_large;
      doc.batch = Batch();
      continue;
    }
    if (envelopes) {
      EnvelopeGatherer gatherer;
      gatherer.add(window.view(), tools.spans);
      doc.envelope = gatherer.envelope(doc.number, decoder);
      if (decoded.error) doc.envelope->fault = decoded.error->message;
    }
    if (decoded.error) {
      spoil(doc, recipe, decoder.bad_offset(), decoded.error->message);
      continue;
    }
    doc.warnings = decoder.warnings();
    for (SetAside& bad : doc.batch.set_aside) bad.document = doc.document->name;
    const std::string_view text = window.view();
    doc.batch.storage.push_back(std::move(window));
    const auto fault = refine({recipe, unit, *doc.document, decoder.spoils(), decoder.json()}, text,
                              decoder.window_offset(), tools.spans, doc.batch, scratch);
    if (fault) {
      spoil(doc, recipe, fault->offset,
            "not JSON at byte " + std::to_string(fault->offset) + ": " + fault->reason);
      if (doc.envelope) doc.envelope->fault = doc.why.reason;
      continue;
    }
    if (auto lost = decoder.rest_lost()) {
      cut_off(doc, recipe, {decoder.bad_offset(), std::move(*lost)});
    }
    doc.raw = Chunk();
  }
}

}  // namespace sluice
