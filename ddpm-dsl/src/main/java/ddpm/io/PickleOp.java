package ddpm.io;

/**
 * The opcodes of Python's pickle machine that a file of tensors and plain containers needs, protocols 2 to 5.
 *
 * <p>Left out on purpose, so that a file with them is refused: those that make instances of classes (NEWOBJ, INST,
 * OBJ...), extension codes, out-of-band buffers, and protocol 0's text forms. Source: the opcode table in CPython's
 * {@code pickletools}.
 */
enum PickleOp {
    PROTO(0x80),
    FRAME(0x95),
    STOP('.'),
    MARK('('),
    POP('0'),
    POP_MARK('1'),
    DUP('2'),
    NONE('N'),
    NEWTRUE(0x88),
    NEWFALSE(0x89),
    BININT('J'),
    BININT1('K'),
    BININT2('M'),
    LONG1(0x8a),
    LONG4(0x8b),
    BINFLOAT('G'),
    SHORT_BINSTRING('U'),
    BINSTRING('T'),
    SHORT_BINUNICODE(0x8c),
    BINUNICODE('X'),
    BINUNICODE8(0x8d),
    SHORT_BINBYTES('C'),
    BINBYTES('B'),
    BINBYTES8(0x8e),
    EMPTY_LIST(']'),
    APPEND('a'),
    APPENDS('e'),
    EMPTY_TUPLE(')'),
    TUPLE('t'),
    TUPLE1(0x85),
    TUPLE2(0x86),
    TUPLE3(0x87),
    EMPTY_DICT('}'),
    SETITEM('s'),
    SETITEMS('u'),
    EMPTY_SET(0x8f),
    ADDITEMS(0x90),
    BINPUT('q'),
    LONG_BINPUT('r'),
    MEMOIZE(0x94),
    BINGET('h'),
    LONG_BINGET('j'),
    GLOBAL('c'),
    STACK_GLOBAL(0x93),
    REDUCE('R'),
    BUILD('b'),
    BINPERSID('Q');

    private static final PickleOp[] BY_CODE = new PickleOp[256];

    static {
        for (var op : values()) {
            BY_CODE[op.code] = op;
        }
    }

    private final int code;

    PickleOp(int code) {
        this.code = code;
    }

    /** This opcode's byte. */
    byte code() {
        return (byte) code;
    }

    /** The opcode of this byte, or null when it is none of the above. */
    static PickleOp of(byte code) {
        return BY_CODE[code & 0xff];
    }
}
