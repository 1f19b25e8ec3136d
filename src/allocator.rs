//! The memory allocator: lists of free blocks, before that of wasi-libc, which alone would take a fifth of a request's time.
//!
//! Every block is one of wasi-libc's, from its start, so it does not matter which of the two gave it or gets it back: what is
//! freed here is measured, not believed to be of a list.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::{self, NonNull};

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

/// What sizes of blocks are apart, in bytes: those of wasi-libc.
const STEP: usize = 16;
/// What wasi-libc keeps of a block for itself, in bytes.
const HEAD: usize = 4;
/// What a list's blocks are aligned to, in bytes: what `System` asks `malloc` for, without more.
const ALIGNMENT: usize = 8;
/// How many lists there are. The last has blocks of 8 KiB.
const LISTS: usize = 512;
/// What all lists may keep, in bytes. What is beyond it can be had for other sizes, too.
const KEPT: usize = 1 << 20;

unsafe extern "C" {
    /// How many bytes there is room for in a block of wasi-libc's.
    fn malloc_usable_size(block: *mut u8) -> usize;
}

struct Allocator {
    /// The first block of each list, by its number; there is none of the number 0.
    first: [Cell<Option<NonNull<Free>>>; LISTS + 1],
    /// What is in the lists, in bytes.
    kept: Cell<usize>,
}

// SAFETY: a component has one thread.
unsafe impl Sync for Allocator {}

/// What stands in a free block.
struct Free {
    next: Option<NonNull<Free>>,
}

/// The number of the list of blocks with room for `layout`, unless that is for wasi-libc alone.
fn list_for(layout: Layout) -> Option<usize> {
    // No layout is so large that this overflows.
    let list = (layout.size() + HEAD).div_ceil(STEP);
    (list <= LISTS && layout.align() <= ALIGNMENT).then_some(list)
}

/// The layout of a list's blocks: they may have more room.
const fn layout_of(list: usize) -> Layout {
    // SAFETY: the alignment is a power of two.
    unsafe { Layout::from_size_align_unchecked(list * STEP - HEAD, ALIGNMENT) }
}

impl Allocator {
    const fn new() -> Self {
        Self { first: [const { Cell::new(None) }; LISTS + 1], kept: Cell::new(0) }
    }

    fn pop(&self, list: usize) -> Option<NonNull<Free>> {
        let block = self.first[list].get()?;
        // SAFETY: `push` wrote it, and the block has been nobody's since.
        self.first[list].set(unsafe { block.as_ref() }.next);
        self.kept.update(|kept| kept - list * STEP);
        Some(block)
    }

    /// Takes a block with so much room, if the lists may keep it.
    ///
    /// # Safety
    /// The block is nobody else's.
    unsafe fn push(&self, block: NonNull<Free>, room: usize) -> bool {
        let list = ((room + HEAD) / STEP).min(LISTS);
        let kept = self.kept.get() + list * STEP;
        if kept > KEPT {
            return false;
        }
        // SAFETY: as the caller says, and the smallest block has room for it.
        unsafe { block.write(Free { next: self.first[list].get() }) };
        self.first[list].set(Some(block));
        self.kept.set(kept);
        true
    }

    /// A block for a layout of some size, out of the way of those that come from a list. Where there is no memory, the lists
    /// give back theirs.
    #[cold]
    #[inline(never)]
    fn of_libc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the size is not 0, as whoever asks an allocator has to see to.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() || self.kept.get() == 0 {
            return block;
        }
        for list in 1..=LISTS {
            while let Some(block) = self.pop(list) {
                // SAFETY: it is a block of `System`'s, of which it asks the address alone.
                unsafe { System.dealloc(block.as_ptr().cast(), layout_of(list)) };
            }
        }
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }
}

// SAFETY: a block is wasi-libc's or from a list, which its last owner has given back. Those of a list have as much room as is
// asked of it, since `list_for` rounds up, and `push` down.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(list) = list_for(layout) else { return self.of_libc(layout) };
        match self.pop(list) {
            Some(block) => block.as_ptr().cast(),
            None => self.of_libc(layout_of(list)),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if list_for(layout).is_none() {
            // SAFETY: as the caller says.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: as the caller says.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: there is room for the layout.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: it is a block of wasi-libc's, which its owner gives back.
        let is_kept = list_for(layout).is_some()
            && unsafe { self.push(NonNull::new_unchecked(block).cast(), malloc_usable_size(block)) };
        if !is_kept {
            // SAFETY: as the caller says.
            unsafe { System.dealloc(block, layout) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if list_for(layout).is_none() {
            // SAFETY: as the caller says.
            return unsafe { System.realloc(block, layout, size) };
        }
        // SAFETY: as the caller says.
        let room = unsafe { malloc_usable_size(block) };
        // What is much larger than it need be is changed for a smaller one.
        if size <= room && room / 4 <= size + STEP {
            return block;
        }
        // SAFETY: as the caller says of the new size; each block has room for what is copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

/// Room for what the host hands over (the canonical ABI's `realloc`). Without it, the standard library's asks wasi-libc.
///
/// # Safety
/// `old` is a block of `old_size` bytes that this has given, or the size is 0.
#[cfg(target_family = "wasm")]
#[unsafe(export_name = "cabi_realloc")]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, alignment: usize, size: usize) -> *mut u8 {
    use std::alloc::{alloc, handle_alloc_error, realloc};

    if size == 0 {
        return ptr::without_provenance_mut(alignment);
    }
    let layout = |size| Layout::from_size_align(size, alignment).unwrap_or_else(|_| std::process::abort());
    // SAFETY: neither size is 0, and the rest is as the caller says.
    let block = unsafe { if old_size == 0 { alloc(layout(size)) } else { realloc(old, layout(old_size), size) } };
    if block.is_null() {
        handle_alloc_error(layout(size));
    }
    block
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A block, and the byte that all of it is filled with.
    struct Block {
        start: *mut u8,
        layout: Layout,
        filling: u8,
    }

    impl Block {
        fn new(allocator: &Allocator, layout: Layout, filling: u8) -> Self {
            let start = unsafe { allocator.alloc(layout) };
            assert!(!start.is_null() && start.addr().is_multiple_of(layout.align()));
            unsafe { start.write_bytes(filling, layout.size()) };
            Self { start, layout, filling }
        }

        fn check(&self, size: usize) {
            let content = unsafe { std::slice::from_raw_parts(self.start, size) };
            assert!(content.iter().all(|byte| *byte == self.filling));
        }

        fn resize(&mut self, allocator: &Allocator, size: usize) {
            self.check(self.layout.size());
            self.start = unsafe { allocator.realloc(self.start, self.layout, size) };
            self.check(size.min(self.layout.size()));
            self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
            unsafe { self.start.write_bytes(self.filling, size) };
        }

        fn free(self, allocator: &Allocator) {
            self.check(self.layout.size());
            unsafe { allocator.dealloc(self.start, self.layout) };
        }
    }

    fn layout() -> impl Strategy<Value = Layout> {
        let size = prop_oneof![8 => 1..200_usize, 2 => 200..20_000_usize];
        let alignment = prop_oneof![8 => 0..4_u32, 1 => 4..8_u32];
        (size, alignment).prop_map(|(size, alignment)| Layout::from_size_align(size, 1 << alignment).unwrap())
    }

    proptest! {
        #[test]
        fn no_block_is_given_to_two_and_each_keeps_what_is_in_it(
            steps in vec((layout(), 0..3_u8, any::<prop::sample::Index>()), 1..300)
        ) {
            let allocator = Allocator::new();
            let mut blocks: Vec<Block> = Vec::new();
            for (number, (layout, step, which)) in steps.into_iter().enumerate() {
                if step == 0 || blocks.is_empty() {
                    blocks.push(Block::new(&allocator, layout, number.to_le_bytes()[0]));
                } else if step == 1 {
                    which.get_mut(&mut blocks).resize(&allocator, layout.size());
                } else {
                    blocks.swap_remove(which.index(blocks.len())).free(&allocator);
                }
            }
            for block in blocks { block.free(&allocator); }
        }
    }

    #[test]
    fn a_block_that_is_free_is_used_again_for_as_much() {
        let (allocator, layout) = (Allocator::new(), Layout::new::<[u64; 5]>());
        let first = Block::new(&allocator, layout, 1);
        let address = first.start.addr();
        first.free(&allocator);
        assert!(allocator.kept.get() >= layout.size());
        let zeroed = unsafe { allocator.alloc_zeroed(layout) };
        assert_eq!(zeroed.addr(), address);
        Block { start: zeroed, layout, filling: 0 }.free(&allocator);
    }

    #[test]
    fn no_more_is_kept_than_may_be() {
        let (allocator, layout) = (Allocator::new(), Layout::new::<[u64; 500]>());
        let blocks: Vec<Block> = (0..2 * KEPT / layout.size()).map(|_| Block::new(&allocator, layout, 1)).collect();
        for block in blocks {
            block.free(&allocator);
        }
        assert!(allocator.kept.get() <= KEPT && allocator.kept.get() > KEPT / 2);
    }
}
