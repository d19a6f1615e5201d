// SPDX-License-Identifier: Apache-2.0
// Typed spans carved out of one flat allocation. Each constructor takes the cursor by reference and
// moves it behind the span, so the address of a span is the sum of the sizes of all spans before it.
//
// trap: no constructor rounds the cursor up. A span of ints that is not a multiple of 8 elements
// leaves the next span off a 32-byte block (4 * n mod 32), whatever the type of the next one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "checks.cuh"

namespace moewire {

// `count` elements; the view starts at element `first`.
template <typename elem_t>
class CursorSpan {
    uint8_t* base_ = nullptr;

public:
    int64_t total_bytes = 0;

    __device__ __forceinline__ CursorSpan() {}

    __device__ __forceinline__ CursorSpan(void*& cursor, int64_t count, int64_t first = 0) {
        total_bytes = count * static_cast<int64_t>(sizeof(elem_t));
        base_ = static_cast<uint8_t*>(cursor) + first * static_cast<int64_t>(sizeof(elem_t));
        cursor = static_cast<uint8_t*>(cursor) + total_bytes;  // trap: advances by count * sizeof, unrounded
    }

    __device__ __forceinline__ elem_t* data() const { return reinterpret_cast<elem_t*>(base_); }
    __device__ __forceinline__ elem_t& operator[](int64_t i) const { return data()[i]; }
};

// Asymmetric: one row of `count` elements for each peer, repeated for each channel. Only the owner of
// the allocation needs the full size; a sender addresses the row that carries its own rank.
template <typename elem_t>
class AsymSpan {
    uint8_t* base_;
    int64_t row_bytes_;

public:
    int64_t total_bytes;

    __device__ __forceinline__ AsymSpan(void*& cursor, int64_t count, int num_peers, int channel = 0, int num_channels = 1) {
        row_bytes_ = count * static_cast<int64_t>(sizeof(elem_t));
        total_bytes = row_bytes_ * num_peers * num_channels;
        base_ = static_cast<uint8_t*>(cursor) + row_bytes_ * num_peers * channel;
        cursor = static_cast<uint8_t*>(cursor) + total_bytes;
    }

    __device__ __forceinline__ elem_t* row(int peer) const { return reinterpret_cast<elem_t*>(base_ + row_bytes_ * peer); }
    __device__ __forceinline__ elem_t& operator[](int peer) const { return *row(peer); }
};

// Symmetric: every rank has the same layout, an outgoing half and (if kTwoSided) an incoming half.
template <typename elem_t, bool kTwoSided = true>
class SymSpan {
    uint8_t* out_;
    uint8_t* in_;
    int64_t row_bytes_;

public:
    int64_t total_bytes;

    __device__ __forceinline__ SymSpan(void*& cursor, int64_t count, int num_peers) {
        row_bytes_ = count * static_cast<int64_t>(sizeof(elem_t));
        const int64_t half_bytes = row_bytes_ * num_peers;
        total_bytes = half_bytes * (kTwoSided ? 2 : 1);
        out_ = static_cast<uint8_t*>(cursor);
        in_ = out_ + (kTwoSided ? half_bytes : 0);
        cursor = out_ + total_bytes;
    }

    __device__ __forceinline__ elem_t* outgoing(int peer) const { return reinterpret_cast<elem_t*>(out_ + row_bytes_ * peer); }

    __device__ __forceinline__ elem_t* incoming(int peer) const {
        STATIC_CHECK(kTwoSided, "a one-sided span has no incoming half");
        return reinterpret_cast<elem_t*>(in_ + row_bytes_ * peer);
    }
};

}  // namespace moewire
