//! What is packed comes out again, byte by byte.

use std::thread;

use metered_realtime_packing::{Error, Packer, Unpacker};

const HEADER: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];
const STACK: usize = 128 << 20;

#[test]
fn every_kind_of_instruction_comes_out_again() {
    let body = [
        &[0x02, 0x40, 0x03, 0x40][..],                  // block, loop
        &[0x20, 0, 0x21, 1, 0x22, 0x80, 1], // local.get, set, tee, with a number of two bytes
        &[0x41, 0xff, 0, 0x42, 0x80, 0x80, 0x7c], // i32.const, i64.const
        &[0x28, 2, 0x10, 0x36, 2, 0x84, 1], // i32.load, i32.store
        &[0x43, 0, 0, 0x80, 0x3f],          // f32.const
        &[0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x0b], // f64.const, with an `end` within
        &[0x10, 3, 0x11, 1, 0],             // call, call_indirect
        &[0x0c, 0, 0x0d, 1, 0x0e, 2, 0, 1, 0], // br, br_if, br_table
        &[0xfc, 10, 0, 0, 0xfc, 11, 0, 0xfc, 2], // memory.copy, memory.fill, i32.trunc_sat_f64_s
        &[0x1c, 1, 0x7f, 0x1b, 0x6a, 0x23, 0, 0x3f, 0], // select with a type, and without, add, global.get, memory.size
        &[0xd0, 0x6f, 0xd2, 2, 0x25, 0, 0x0b, 0x0b],    // ref.null, ref.func, table.get, the ends
    ]
    .concat();
    come_out_again(&module(&[&body, &body, &[0x01], &body]));
}

#[test]
fn a_module_without_functions_comes_out_again() {
    come_out_again(&module(&[]));
}

#[test]
fn what_functions_take_and_give_comes_out_again() {
    let types = [3, 0x60, 2, 0x7f, 0x7e, 1, 0x7c, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f];
    let imports = [1, 1, b'a', 2, b'b', b'c', 0, 2];
    // The second has more locals than it declares at once, a block with a result, and calls of all three.
    let first = [0, 0x20, 1, 0xb9, 0x0b];
    let second = [
        &[2, 2, 0x7f, 1, 0x7e][..],
        &[0x41, 1, 0x42, 2, 0x10, 1, 0x1a, 0x10, 2],
        &[0x02, 0x7f, 0x41, 5, 0x10, 0, 0x22, 0, 0x0b, 0x21, 1, 0x42, 3, 0x21, 2, 0x0b],
    ]
    .concat();
    let code = [&[2, first.len() as u8][..], &first, &[second.len() as u8], &second].concat();
    let section = |id: u8, bytes: &[u8]| [&[id][..], &leb(bytes.len()), bytes].concat();
    let sections =
        [section(1, &types), section(2, &imports), section(3, &[2, 0, 1]), section(10, &code)];
    come_out_again(&[&HEADER[..], &sections.concat()].concat());
}

#[test]
fn what_repeats_takes_little_room() {
    let body: Vec<u8> =
        (0..200).flat_map(|i| [0x20, i % 7, 0x41, i % 3, 0x6a, 0x21, i % 7]).collect();
    let file = module(&vec![&body[..]; 20]);
    assert!(packed_length(&file) * 40 < file.len());
}

#[test]
fn an_unknown_instruction_is_an_error() {
    // SIMD, whose operands are not known here.
    let file =
        module(&[&[0xfd, 12, 0x20, 1, 0x41, 2, 0x0b, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0x1a]]);
    assert_eq!(outcome(&file).err(), Some(Error::Different));
}

#[test]
fn what_is_no_module_with_code_is_an_error() {
    let whole = module(&[&[0x01]]);
    for file in [&b""[..], b"short", &HEADER, &whole[..whole.len() - 8], &[0xff; 100]] {
        assert_eq!(outcome(file).err(), Some(Error::NoCode), "{file:?}");
    }
}

/// A module with these functions, without locals, and with some bytes before and after.
fn module(bodies: &[&[u8]]) -> Vec<u8> {
    let mut code = vec![bodies.len() as u8];
    for body in bodies {
        let whole = [&[0][..], body, &[0x0b]].concat();
        code.extend(leb(whole.len()));
        code.extend(whole);
    }
    let names = [&[0, 5, 4][..], b"name"].concat();
    [&HEADER[..], &[1, 1, 0, 10], &leb(code.len()), &code, &names].concat()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn come_out_again(file: &[u8]) {
    let (bytes, sections) = outcome(file).expect("it can be packed");
    let unpacked = roomy(move || {
        let mut unpacker = Box::new(Unpacker::new());
        unpacker.input()[..bytes.len()].copy_from_slice(&bytes);
        let length = unpacker.unpack(sections);
        unpacker.output()[..length].to_vec()
    });
    assert_eq!(unpacked, file);
}

fn packed_length(file: &[u8]) -> usize {
    outcome(file).expect("it can be packed").0.len()
}

fn outcome(file: &[u8]) -> Result<(Vec<u8>, u32), Error> {
    let file = file.to_vec();
    roomy(move || {
        let mut packer = Box::new(Packer::new());
        packer.input()[..file.len()].copy_from_slice(&file);
        let packed = packer.pack(file.len())?;
        Ok((packed.bytes.to_vec(), packed.sections))
    })
}

/// Models are larger than the stack of a test.
fn roomy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .expect("a thread")
        .join()
        .expect("no panic")
}
