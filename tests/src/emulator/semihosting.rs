//! The host's side of Arm semihosting: console, command line, exit. No files: a program under test
//! has no business with them.
//!
//! Arm, *Semihosting for AArch32 and AArch64*, 2025Q1.

use super::{EmulatorError, Memory};

const SYS_OPEN: u32 = 0x01;
const SYS_CLOSE: u32 = 0x02;
const SYS_WRITEC: u32 = 0x03;
const SYS_WRITE0: u32 = 0x04;
const SYS_WRITE: u32 = 0x05;
const SYS_ISTTY: u32 = 0x09;
const SYS_ERRNO: u32 = 0x13;
const SYS_GET_CMDLINE: u32 = 0x15;
const SYS_EXIT: u32 = 0x18;
const SYS_EXIT_EXTENDED: u32 = 0x20;

/// "The program ended by itself": the one reason to exit that carries a code.
const APPLICATION_EXIT: u32 = 0x2_0026;
const FAILED: u32 = u32::MAX;
const CONSOLE: &[u8] = b":tt";
const CONSOLE_HANDLE: u32 = 1;

/// What the processor does next.
pub(super) enum Reply {
    /// Go on, with this in r0.
    Return(u32),
    /// Stop.
    Exit(i32),
}

/// What the program has said so far, and what it may ask.
pub(super) struct Host {
    output: Vec<u8>,
    arguments: Vec<u8>,
}

impl Host {
    /// `arguments` is what follows the program's name on its command line.
    pub(super) fn new(arguments: &str) -> Self {
        let mut line = b"restock-firmware ".to_vec();
        line.extend_from_slice(arguments.as_bytes());
        while line.last() == Some(&b' ') {
            line.pop();
        }
        line.push(0);
        Self { output: Vec::new(), arguments: line }
    }

    pub(super) fn output(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    pub(super) fn call(&mut self, operation: u32, parameter: u32, memory: &Memory) -> Result<Reply, EmulatorError> {
        let field = |i: u32| memory.word(parameter.wrapping_add(4 * i));
        let value = match operation {
            SYS_OPEN => {
                let mut name = vec![0; CONSOLE.len()];
                memory.read(field(0), &mut name);
                if name == CONSOLE { CONSOLE_HANDLE } else { FAILED }
            }
            SYS_CLOSE | SYS_ERRNO => 0,
            SYS_ISTTY => 1,
            SYS_WRITEC => {
                let mut byte = [0];
                memory.read(parameter, &mut byte);
                self.output.push(byte[0]);
                0
            }
            SYS_WRITE0 => {
                let mut byte = [0];
                for at in parameter.. {
                    memory.read(at, &mut byte);
                    if byte[0] == 0 {
                        break;
                    }
                    self.output.push(byte[0]);
                }
                0
            }
            SYS_WRITE => {
                let mut bytes = vec![0; field(2) as usize];
                memory.read(field(1), &mut bytes);
                self.output.extend_from_slice(&bytes);
                0
            }
            SYS_GET_CMDLINE => {
                let room = field(1) as usize;
                let written = self.arguments.len() <= room && memory.write(field(0), &self.arguments);
                let length = u32::try_from(self.arguments.len() - 1).unwrap_or(0);
                if written && memory.write(parameter + 4, &length.to_le_bytes()) { 0 } else { FAILED }
            }
            SYS_EXIT => return Ok(Reply::Exit(i32::from(parameter != APPLICATION_EXIT))),
            SYS_EXIT_EXTENDED => {
                let code = field(1).cast_signed();
                return Ok(Reply::Exit(if field(0) == APPLICATION_EXIT { code } else { 1 }));
            }
            other => return Err(EmulatorError::UnknownCall(other)),
        };
        Ok(Reply::Return(value))
    }
}
