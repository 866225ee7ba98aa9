//! A Cortex-M4F in the test process: builds the firmware, runs it, catches what it prints.
//!
//! ```text
//! cargo build (nested) --> ELF --> Firmware --patched?--> run --> Run { output, exit_code, instructions }
//! ```
//!
//! The machine is the part of QEMU's `mps2-an386` that the firmware uses: flash at 0, RAM at
//! 0x2000_0000, the core's own SysTick, and semihosting. Flash can't be written by the program.

mod elf;
mod nested;
mod semihosting;

use rsemu::core::space::{AddressSpace, Mapping, Perms, RamStore, Region};
use rsemu::cpu::arm::v7m::sys::Exception;
use rsemu::cpu::arm::v7m::{ArmV7m, Config};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use nested::{TARGET, build, build_one, build_with, cargo, qemu, qemu_on};

/// First address of the RAM.
const RAM_AT: u32 = 0x2000_0000;
/// Size of flash and of RAM [bytes]: what mps2-an386 has; the firmware's own `memory.x` asks for less.
const MEMORY_BYTES: u32 = 4 << 20;
/// A page of ours, far from the firmware's memory: one `BX LR`, to return from a semihosting call.
const RETURN_AT: u32 = 0x1000_0000;
const BX_LR: [u8; 2] = 0x4770_u16.to_le_bytes();
/// `BKPT 0xAB`: the M profile's semihosting call.
const BKPT_SEMIHOSTING: [u8; 2] = 0xbeab_u16.to_le_bytes();
/// Entering an exception costs at least this many cycles; a cheap filter before asking which one it was.
const EXCEPTION_ENTRY_CYCLES: u64 = 12;

/// What a program runs on: a processor, as mps2 boards have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// Cortex-M4 with a floating-point unit for 32 bits: mps2-an386.
    M4F,
    /// Cortex-M3, which computes floats in software: mps2-an385.
    M3,
}

impl Board {
    /// What to build for.
    #[must_use]
    pub fn target(self) -> &'static str {
        match self {
            Self::M4F => TARGET,
            Self::M3 => "thumbv7m-none-eabi",
        }
    }

    /// For messages.
    #[must_use]
    pub fn processor(self) -> &'static str {
        match self {
            Self::M4F => "Cortex-M4F",
            Self::M3 => "Cortex-M3",
        }
    }

    fn config(self) -> Config {
        match self {
            Self::M4F => Config::CORTEX_M4F,
            Self::M3 => Config::CORTEX_M3,
        }
    }

    fn qemu_machine(self) -> &'static str {
        match self {
            Self::M4F => "mps2-an386",
            Self::M3 => "mps2-an385",
        }
    }
}

/// What keeps the firmware from being built or run; a program that fails is a [`Run`], not an error.
#[derive(Debug)]
pub enum EmulatorError {
    /// The nested build failed.
    Build(String),
    /// The file is not an executable for this machine.
    Image(String),
    /// The program ran past its budget: it hangs, or the budget is too small.
    OutOfInstructions {
        /// The budget.
        instructions_max: u64,
        /// Where the program was.
        program_counter: u32,
        /// What it had printed.
        output: String,
    },
    /// The program faulted.
    Fault {
        /// Address of the instruction.
        program_counter: u32,
        /// Configurable Fault Status Register.
        status: u32,
        /// What it had printed.
        output: String,
    },
    /// The program asked for a semihosting call that this machine does not offer.
    UnknownCall(u32),
}

impl fmt::Display for EmulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(why) => write!(f, "the firmware was not built: {why}"),
            Self::Image(why) => write!(f, "the firmware can't be loaded: {why}"),
            Self::OutOfInstructions { instructions_max, program_counter, output } => {
                write!(
                    f,
                    "still running at {program_counter:#010x} after {instructions_max} instructions; it had printed:\n{output}"
                )
            }
            Self::Fault { program_counter, status, output } => {
                write!(f, "HardFault at {program_counter:#010x}, CFSR {status:#010x}; it had printed:\n{output}")
            }
            Self::UnknownCall(operation) => write!(f, "semihosting operation {operation:#x} is not offered"),
        }
    }
}

impl std::error::Error for EmulatorError {}

/// What a program did until it exited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Everything it printed, standard output and standard error in the order written.
    pub output: String,
    /// What it gave to `exit`.
    pub exit_code: i32,
    /// Instructions executed, counted by the machine; 0 where the machine does not tell (QEMU).
    pub instructions: u64,
}

impl Run {
    /// The value of the line `key: value`, the last one if there are several.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.output.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).map(str::trim)
    }
}

/// A firmware image: the bytes that would be flashed.
#[derive(Clone, Debug)]
pub struct Firmware {
    /// The executable it was read from, as QEMU wants it.
    pub path: PathBuf,
    /// Contents of the flash from address 0.
    pub flash: Vec<u8>,
    /// What it runs on.
    pub board: Board,
    /// What its statics take of the RAM [bytes].
    pub ram_bytes: u32,
}

impl Firmware {
    /// Reads an executable.
    ///
    /// # Errors
    /// The file can't be read, is not for this machine, or does not fit.
    pub fn load(path: &Path) -> Result<Self, EmulatorError> {
        let file = std::fs::read(path).map_err(|e| EmulatorError::Image(format!("{}: {e}", path.display())))?;
        let mut flash = Vec::new();
        for segment in elf::segments(&file).map_err(EmulatorError::Image)? {
            let start = segment.load_address as usize;
            let end = start + segment.bytes.len();
            if end > MEMORY_BYTES as usize {
                return Err(EmulatorError::Image(format!(
                    "a segment at {start:#x} ends outside the flash of {MEMORY_BYTES:#x} bytes"
                )));
            }
            if flash.len() < end {
                flash.resize(end, 0xff);
            }
            flash[start..end].copy_from_slice(segment.bytes);
        }
        let ram_bytes = elf::ram_bytes(&file, RAM_AT).map_err(EmulatorError::Image)?;
        Ok(Self { path: path.to_owned(), flash, board: Board::M4F, ram_bytes })
    }

    /// The same for another board.
    #[must_use]
    pub fn on(self, board: Board) -> Self {
        Self { board, ..self }
    }

    /// Where `needle` lies in flash, if it lies there exactly once.
    #[must_use]
    pub fn find(&self, needle: &[u8]) -> Option<usize> {
        let mut found = self.flash.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle);
        let (at, _) = found.next()?;
        found.next().is_none().then_some(at)
    }

    /// The same image with some bits of one byte flipped, as a worn cell or a torn update would leave it.
    #[must_use]
    pub fn with_flipped(&self, at: usize, bits: u8) -> Self {
        let mut damaged = self.clone();
        damaged.flash[at] ^= bits;
        damaged
    }

    /// Runs the program until it exits.
    ///
    /// # Errors
    /// The program faulted, ran past `instructions_max`, or asked for a call that is not offered.
    pub fn run(&self, arguments: &str, instructions_max: u64) -> Result<Run, EmulatorError> {
        Machine::new(&self.flash, self.board).run(arguments, instructions_max)
    }
}

/// Memory of the emulated machine, as the semihosting host reads and writes it.
struct Memory {
    flash: Arc<RamStore>,
    ram: Arc<RamStore>,
}

impl Memory {
    fn store(&self, address: u32) -> (&RamStore, u64) {
        if address >= RAM_AT { (&self.ram, u64::from(address - RAM_AT)) } else { (&self.flash, u64::from(address)) }
    }

    fn read(&self, address: u32, bytes: &mut [u8]) {
        let (store, at) = self.store(address);
        // Outside memory the host reads zeros; the program gets its fault when it looks there itself.
        if store.read_at(at, bytes).is_err() {
            bytes.fill(0);
        }
    }

    fn word(&self, address: u32) -> u32 {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn write(&self, address: u32, bytes: &[u8]) -> bool {
        let (store, at) = self.store(address);
        store.write_at(at, bytes).is_ok()
    }
}

struct Machine {
    cpu: ArmV7m,
    memory: Memory,
}

impl Machine {
    fn new(flash: &[u8], board: Board) -> Self {
        let memory = Memory {
            flash: Arc::new(RamStore::new(u64::from(MEMORY_BYTES))),
            ram: Arc::new(RamStore::new(u64::from(MEMORY_BYTES))),
        };
        let page = Arc::new(RamStore::new(4096));
        memory.flash.write_at(0, flash).expect("Firmware::load checked the size");
        page.write_at(0, &BX_LR).expect("the page has room for one instruction");

        let space = AddressSpace::new("an386", 32);
        {
            let mut map = space.topology();
            let flash = Mapping::new(Region::ram("flash", Arc::clone(&memory.flash)), 0).with_perms(Perms::RX);
            let ram =
                Mapping::new(Region::ram("ram", Arc::clone(&memory.ram)), u64::from(RAM_AT)).with_perms(Perms::RW);
            let page = Mapping::new(Region::ram("return", page), u64::from(RETURN_AT)).with_perms(Perms::RX);
            for mapping in [flash, ram, page] {
                map.map_with(mapping).expect("three regions that do not overlap");
            }
        }
        // 0x2200_0000 is where mps2-an386 has nothing; without the alias one check less per access.
        let cpu = ArmV7m::new(board.config().with_bit_band(false));
        cpu.attach_space(Arc::new(space));
        Self { cpu, memory }
    }

    fn run(&self, arguments: &str, instructions_max: u64) -> Result<Run, EmulatorError> {
        let mut host = semihosting::Host::new(arguments);
        let mut instructions = 0;
        while instructions < instructions_max {
            instructions += 1;
            if self.cpu.step() < EXCEPTION_ENTRY_CYCLES || self.cpu.current_exception() != Exception::HARD_FAULT {
                continue;
            }
            // Entry has stacked r0-r3, r12, lr, pc, xPSR. The program counter stacked for a BKPT is the
            // instruction after it.
            let frame = self.cpu.msp();
            let after = self.memory.word(frame + 24);
            let mut instruction = [0; 2];
            self.memory.read(after.wrapping_sub(2), &mut instruction);
            if instruction != BKPT_SEMIHOSTING {
                let status = self.cpu.with_sys(|sys| sys.cfsr);
                return Err(EmulatorError::Fault { program_counter: after, status, output: host.output() });
            }
            match host.call(self.cpu.reg(0), self.cpu.reg(1), &self.memory)? {
                semihosting::Reply::Return(value) => {
                    self.memory.write(frame, &value.to_le_bytes());
                    self.cpu.set_pc(RETURN_AT);
                }
                semihosting::Reply::Exit(exit_code) => {
                    return Ok(Run { output: host.output(), exit_code, instructions });
                }
            }
        }
        Err(EmulatorError::OutOfInstructions {
            instructions_max,
            program_counter: self.cpu.pc(),
            output: host.output(),
        })
    }
}
