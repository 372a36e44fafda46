//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// AES-GCM on vectors of four blocks (VAES, VPCLMULQDQ, AVX-512BW). A group is four vectors, 256 octets.
//
// Counter mode (SP 800-38D, Section 6.5) and GHASH (Section 6.4) run together: the rounds of one group of counter blocks
// are interleaved with the multiplications of a group of ciphertext, of the one before when sealing and of the same when
// opening. GHASH takes the sum of sixteen blocks times sixteen powers of H and reduces it once.
//
// Blocks are multiplied with their octets reversed. Read so, the bits of a field element run the usual way, and the product of
// two is short by a factor x, which the powers in the table bring along: they are H^i * x. The reduction modulo
// x^128 + x^127 + x^126 + x^121 + 1 works from the low end, 64 bits at a time, as Montgomery's does.
//
//	R8 key  SI source  DI destination  CX octets to come  R9 nonce
//	Z0-Z3 counter blocks  Z4-Z7 ciphertext  Z8 GHASH so far, in lane 0  Z9, Z10, Z11 low, middle and high of a product
//	Z12, Z13 scratch  Z14 reversal  Z15 polynomial  Z16-Z29 round keys 0 to 13  Z30 last round key  Z31 counters, reversed

DATA reverse<>+0(SB)/8, $0x08090a0b0c0d0e0f
DATA reverse<>+8(SB)/8, $0x0001020304050607
GLOBL reverse<>(SB), RODATA|NOPTR, $16

DATA polynomial<>+0(SB)/8, $0xc200000000000000
GLOBL polynomial<>(SB), RODATA|NOPTR, $8

// The counters of the first four blocks of text; 1 is that of the tag (SP 800-38D, Section 7.1).
DATA first<>+0(SB)/8, $2
DATA first<>+8(SB)/8, $0
DATA first<>+16(SB)/8, $3
DATA first<>+24(SB)/8, $0
DATA first<>+32(SB)/8, $4
DATA first<>+40(SB)/8, $0
DATA first<>+48(SB)/8, $5
DATA first<>+56(SB)/8, $0
GLOBL first<>(SB), RODATA|NOPTR, $64

DATA four<>+0(SB)/8, $4
DATA four<>+8(SB)/8, $0
DATA four<>+16(SB)/8, $4
DATA four<>+24(SB)/8, $0
DATA four<>+32(SB)/8, $4
DATA four<>+40(SB)/8, $0
DATA four<>+48(SB)/8, $4
DATA four<>+56(SB)/8, $0
GLOBL four<>(SB), RODATA|NOPTR, $64

// POWER(i) is the power H^i, and those below it behind it.
#define POWER(i) (key_powers+(const_powers-i)*16)(R8)

#define CONSTANTS \
	VBROADCASTI32X4 reverse<>(SB), Z14; \
	VPBROADCASTQ polynomial<>(SB), Z15

// KEYS loads the round keys; R13 is their number.
#define KEYS(ready) \
	VBROADCASTI32X4 (key_rounds+0*16)(R8), Z16; \
	VBROADCASTI32X4 (key_rounds+1*16)(R8), Z17; \
	VBROADCASTI32X4 (key_rounds+2*16)(R8), Z18; \
	VBROADCASTI32X4 (key_rounds+3*16)(R8), Z19; \
	VBROADCASTI32X4 (key_rounds+4*16)(R8), Z20; \
	VBROADCASTI32X4 (key_rounds+5*16)(R8), Z21; \
	VBROADCASTI32X4 (key_rounds+6*16)(R8), Z22; \
	VBROADCASTI32X4 (key_rounds+7*16)(R8), Z23; \
	VBROADCASTI32X4 (key_rounds+8*16)(R8), Z24; \
	VBROADCASTI32X4 (key_rounds+9*16)(R8), Z25; \
	MOVQ key_count(R8), R13; \
	MOVQ R13, R12; \
	SHLQ $4, R12; \
	VBROADCASTI32X4 key_rounds(R8)(R12*1), Z30; \
	CMPQ R13, $12; \
	JB ready; \
	VBROADCASTI32X4 (key_rounds+10*16)(R8), Z26; \
	VBROADCASTI32X4 (key_rounds+11*16)(R8), Z27; \
	JEQ ready; \
	VBROADCASTI32X4 (key_rounds+12*16)(R8), Z28; \
	VBROADCASTI32X4 (key_rounds+13*16)(R8), Z29

// BEGIN sets the counters and multiplies what GHASH has to begin with: AX points to it, BX to the last block of the
// associated data, DX octets of which are there.
#define BEGIN \
	VMOVQ (R9), X0; \
	VPINSRD $2, 8(R9), X0, X0; \
	VPSHUFB X14, X0, X0; \
	VSHUFI32X4 $0, Z0, Z0, Z31; \
	VPADDD first<>(SB), Z31, Z31; \
	MOVQ $-1, R11; \
	BZHIQ DX, R11, R12; \
	KMOVQ R12, K1; \
	VMOVDQU8.Z (BX), K1, X4; \
	VPSHUFB X14, X4, X4; \
	VPXORQ (AX), X4, X4; \
	VPCLMULQDQ $0x00, POWER(1), X4, X9; \
	VPCLMULQDQ $0x11, POWER(1), X4, X11; \
	VPCLMULQDQ $0x01, POWER(1), X4, X10; \
	VPCLMULQDQ $0x10, POWER(1), X4, X4; \
	VPXORQ X4, X10, X10; \
	VPCLMULQDQ $0x00, X15, X9, X12; \
	VPSHUFD $0x4e, X9, X9; \
	VPTERNLOGQ $0x96, X12, X9, X10; \
	VPCLMULQDQ $0x00, X15, X10, X12; \
	VPSHUFD $0x4e, X10, X10; \
	VPTERNLOGQ $0x96, X12, X10, X11; \
	VMOVDQA64 X11, X8

// COUNT makes the next four vectors of counter blocks and adds round key 0.
#define COUNT \
	VPSHUFB Z14, Z31, Z0; \
	VPADDD four<>(SB), Z31, Z31; \
	VPSHUFB Z14, Z31, Z1; \
	VPADDD four<>(SB), Z31, Z31; \
	VPSHUFB Z14, Z31, Z2; \
	VPADDD four<>(SB), Z31, Z31; \
	VPSHUFB Z14, Z31, Z3; \
	VPADDD four<>(SB), Z31, Z31; \
	VPXORQ Z16, Z0, Z0; \
	VPXORQ Z16, Z1, Z1; \
	VPXORQ Z16, Z2, Z2; \
	VPXORQ Z16, Z3, Z3

#define ROUND(k) \
	VAESENC k, Z0, Z0; \
	VAESENC k, Z1, Z1; \
	VAESENC k, Z2, Z2; \
	VAESENC k, Z3, Z3

// LONGER does the rounds that keys of 192 and 256 bits have more.
#define LONGER(done) \
	CMPQ R13, $12; \
	JB done; \
	ROUND(Z26); \
	ROUND(Z27); \
	JEQ done; \
	ROUND(Z28); \
	ROUND(Z29)

// LAST does the last round, and adds the text: it is added to the round key first.
#define LAST(off, b, out) \
	VPXORQ off(SI), Z30, out; \
	VAESENCLAST out, b, out; \
	VMOVDQU64 out, off(DI)

// LOW, MIDDLE and HIGH multiply the vectors x and y by powers. Those of the first pair begin the sums.
#define LOW1(x, hx, y, hy) \
	VPCLMULQDQ $0x00, hx, x, Z9; \
	VPCLMULQDQ $0x00, hy, y, Z12; \
	VPXORQ Z12, Z9, Z9

#define HIGH1(x, hx, y, hy) \
	VPCLMULQDQ $0x11, hx, x, Z11; \
	VPCLMULQDQ $0x11, hy, y, Z12; \
	VPXORQ Z12, Z11, Z11

#define MIDDLE1(x, hx, y, hy) \
	VPCLMULQDQ $0x01, hx, x, Z10; \
	VPCLMULQDQ $0x10, hx, x, x; \
	VPCLMULQDQ $0x01, hy, y, Z12; \
	VPCLMULQDQ $0x10, hy, y, y; \
	VPTERNLOGQ $0x96, x, Z12, Z10; \
	VPXORQ y, Z10, Z10

#define LOW2(x, hx, y, hy) \
	VPCLMULQDQ $0x00, hx, x, Z12; \
	VPCLMULQDQ $0x00, hy, y, Z13; \
	VPTERNLOGQ $0x96, Z12, Z13, Z9

#define HIGH2(x, hx, y, hy) \
	VPCLMULQDQ $0x11, hx, x, Z12; \
	VPCLMULQDQ $0x11, hy, y, Z13; \
	VPTERNLOGQ $0x96, Z12, Z13, Z11

#define MIDDLE2(x, hx, y, hy) \
	VPCLMULQDQ $0x01, hx, x, Z12; \
	VPCLMULQDQ $0x10, hx, x, x; \
	VPTERNLOGQ $0x96, x, Z12, Z10; \
	VPCLMULQDQ $0x01, hy, y, Z13; \
	VPCLMULQDQ $0x10, hy, y, y; \
	VPTERNLOGQ $0x96, y, Z13, Z10

// REDUCE1 and REDUCE2 leave the sum modulo the polynomial in Z11, a part of it in each lane; FOLD adds up the lanes.
#define REDUCE1 \
	VPCLMULQDQ $0x00, Z15, Z9, Z12; \
	VPSHUFD $0x4e, Z9, Z9; \
	VPTERNLOGQ $0x96, Z12, Z9, Z10

#define REDUCE2 \
	VPCLMULQDQ $0x00, Z15, Z10, Z12; \
	VPSHUFD $0x4e, Z10, Z10; \
	VPTERNLOGQ $0x96, Z12, Z10, Z11

#define FOLD \
	VEXTRACTI64X4 $1, Z11, Y12; \
	VPXORQ Y12, Y11, Y11; \
	VEXTRACTI64X2 $1, Y11, X12; \
	VPXORQ X12, X11, X8

#define REVERSE \
	VPSHUFB Z14, Z4, Z4; \
	VPSHUFB Z14, Z5, Z5; \
	VPSHUFB Z14, Z6, Z6; \
	VPSHUFB Z14, Z7, Z7

// GHASH adds the group in Z4-Z7 to GHASH.
#define GHASH \
	VPXORQ Z8, Z4, Z4; \
	LOW1(Z4, POWER(16), Z5, POWER(12)); \
	HIGH1(Z4, POWER(16), Z5, POWER(12)); \
	MIDDLE1(Z4, POWER(16), Z5, POWER(12)); \
	LOW2(Z6, POWER(8), Z7, POWER(4)); \
	HIGH2(Z6, POWER(8), Z7, POWER(4)); \
	MIDDLE2(Z6, POWER(8), Z7, POWER(4)); \
	REDUCE1; \
	REDUCE2; \
	FOLD

// MIXED does the rounds of a group and GHASH of another.
#define MIXED(done) \
	COUNT; \
	VPXORQ Z8, Z4, Z4; \
	ROUND(Z17); \
	LOW1(Z4, POWER(16), Z5, POWER(12)); \
	ROUND(Z18); \
	HIGH1(Z4, POWER(16), Z5, POWER(12)); \
	ROUND(Z19); \
	MIDDLE1(Z4, POWER(16), Z5, POWER(12)); \
	ROUND(Z20); \
	LOW2(Z6, POWER(8), Z7, POWER(4)); \
	ROUND(Z21); \
	HIGH2(Z6, POWER(8), Z7, POWER(4)); \
	ROUND(Z22); \
	MIDDLE2(Z6, POWER(8), Z7, POWER(4)); \
	ROUND(Z23); \
	REDUCE1; \
	ROUND(Z24); \
	REDUCE2; \
	ROUND(Z25); \
	FOLD; \
	LONGER(done)

// TAG makes the counter block of the tag in X13.
#define TAG \
	VMOVQ (R9), X13; \
	VPINSRD $2, 8(R9), X13, X13; \
	MOVL $0x01000000, AX; \
	VPINSRD $3, AX, X13, X13; \
	VPXORQ X16, X13, X13

// ROUND2 and ROUND5 are rounds of the tail: the tag, and up to two or up to four vectors.
#define ROUND2(k, kx) \
	VAESENC kx, X13, X13; \
	VAESENC k, Z0, Z0; \
	VAESENC k, Z1, Z1

#define ROUND5(k, kx) \
	VAESENC kx, X13, X13; \
	ROUND(k)

#define TAILROUNDS(r, done) \
	r(Z17, X17); \
	r(Z18, X18); \
	r(Z19, X19); \
	r(Z20, X20); \
	r(Z21, X21); \
	r(Z22, X22); \
	r(Z23, X23); \
	r(Z24, X24); \
	r(Z25, X25); \
	CMPQ R13, $12; \
	JB done; \
	r(Z26, X26); \
	r(Z27, X27); \
	JEQ done; \
	r(Z28, X28); \
	r(Z29, X29)

// SMALL and LARGE are the tail's counter blocks and rounds, for up to 128 octets and for more.
#define SMALL(done) \
	VPSHUFB Z14, Z31, Z0; \
	VPADDD four<>(SB), Z31, Z31; \
	VPSHUFB Z14, Z31, Z1; \
	VPXORQ Z16, Z0, Z0; \
	VPXORQ Z16, Z1, Z1; \
	TAILROUNDS(ROUND2, done)

#define LARGE(done) \
	COUNT; \
	TAILROUNDS(ROUND5, done)

// LENGTHS begins the tail's sum with the block of lengths in bits (SP 800-38D, Section 7.1), which comes last: R14 has the
// octets of associated data, R15 those of the text.
#define LENGTHS \
	SHLQ $3, R14; \
	SHLQ $3, R15; \
	VMOVQ R15, X4; \
	VPINSRQ $1, R14, X4, X4

#define LENGTHSMULTIPLY \
	VPCLMULQDQ $0x00, POWER(1), X4, X9; \
	VPCLMULQDQ $0x11, POWER(1), X4, X11; \
	VPCLMULQDQ $0x01, POWER(1), X4, X10; \
	VPCLMULQDQ $0x10, POWER(1), X4, X4; \
	VPXORQ X4, X10, X10

// TAILPOWERS points R10 to the power of the first of CX octets.
#define TAILPOWERS \
	LEAQ 15(CX), AX; \
	ANDQ $-16, AX; \
	LEAQ (key_powers+(const_powers-1)*16)(R8), R10; \
	SUBQ AX, R10

// MASK lets the next CX octets through K1, 64 at most.
#define MASK \
	BZHIQ CX, R11, R12; \
	KMOVQ R12, K1

// SEALPART and OPENPART do the last round of a vector that may be short, and leave its ciphertext in Z4.
#define SEALPART(off, b) \
	MASK; \
	VMOVDQU8.Z off(SI), K1, Z4; \
	VPXORQ Z30, Z4, Z4; \
	VAESENCLAST Z4, b, b; \
	VMOVDQU8.Z b, K1, Z4; \
	VMOVDQU8 Z4, K1, off(DI); \
	VPSHUFB Z14, Z4, Z4

#define OPENPART(off, b) \
	MASK; \
	VMOVDQU8.Z off(SI), K1, Z4; \
	VPXORQ Z30, Z4, Z5; \
	VAESENCLAST Z5, b, b; \
	VMOVDQU8 b, K1, off(DI); \
	VPSHUFB Z14, Z4, Z4

#define MULTIPLY(h) \
	VPCLMULQDQ $0x00, h, Z4, Z12; \
	VPXORQ Z12, Z9, Z9; \
	VPCLMULQDQ $0x11, h, Z4, Z12; \
	VPXORQ Z12, Z11, Z11; \
	VPCLMULQDQ $0x01, h, Z4, Z12; \
	VPCLMULQDQ $0x10, h, Z4, Z4; \
	VPTERNLOGQ $0x96, Z4, Z12, Z10

// PARTS does the last round and GHASH of the tail.
#define PARTS(part, done) \
	part(0, Z0); \
	VPXORQ Z8, Z4, Z4; \
	MULTIPLY(0(R10)); \
	SUBQ $64, CX; \
	JLE done; \
	part(64, Z1); \
	MULTIPLY(64(R10)); \
	SUBQ $64, CX; \
	JLE done; \
	part(128, Z2); \
	MULTIPLY(128(R10)); \
	SUBQ $64, CX; \
	JLE done; \
	part(192, Z3); \
	MULTIPLY(192(R10))

// END encrypts the sum to the tag at AX.
#define END \
	REDUCE1; \
	REDUCE2; \
	FOLD; \
	VPSHUFB X14, X8, X8; \
	VAESENCLAST X30, X13, X13; \
	VPXORQ X13, X8, X8; \
	VMOVDQU64 X8, (AX); \
	VZEROUPPER

// ARGUMENTS loads what both functions are called with. The frame is theirs.
#define ARGUMENTS(none) \
	MOVQ k+0(FP), R8; \
	MOVQ dst+8(FP), DI; \
	MOVQ src+16(FP), SI; \
	MOVQ n+24(FP), CX; \
	MOVQ nonce+32(FP), R9; \
	MOVQ aad+40(FP), BX; \
	MOVQ aadLen+48(FP), R14; \
	MOVQ acc+56(FP), AX; \
	MOVQ CX, R15; \
	MOVQ R14, DX; \
	TESTQ DX, DX; \
	JEQ none; \
	LEAQ -1(DX), R10; \
	ANDQ $-16, R10; \
	ADDQ R10, BX; \
	SUBQ R10, DX

// func seal512(k *key, dst, src *byte, n int, nonce, aad *byte, aadLen int, acc, tag *[16]byte)
TEXT ·seal512(SB), NOSPLIT, $0-72
	ARGUMENTS(none)

none:
	CONSTANTS
	KEYS(keys)

keys:
	BEGIN
	XORL BX, BX              // whether a group waits for GHASH
	SUBQ $256, CX
	JLT  tail
	COUNT
	ROUND(Z17)
	ROUND(Z18)
	ROUND(Z19)
	ROUND(Z20)
	ROUND(Z21)
	ROUND(Z22)
	ROUND(Z23)
	ROUND(Z24)
	ROUND(Z25)
	LONGER(first)

first:
	INCL BX
	JMP  last

group:
	MIXED(last)

last:
	LAST(0, Z0, Z4)
	LAST(64, Z1, Z5)
	LAST(128, Z2, Z6)
	LAST(192, Z3, Z7)
	REVERSE
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $256, CX
	JGE  group

tail:
	ADDQ $256, CX
	TAG
	CMPQ CX, $128
	JHI  large
	SMALL(rounds)
	JMP  rounds

large:
	LARGE(rounds)

rounds:
	TESTL BX, BX
	JEQ   ghashed
	VMOVDQA64 X13, X17       // its key is not needed any more
	GHASH
	VMOVDQA64 X17, X13

ghashed:
	LENGTHS
	TESTQ CX, CX
	JEQ   empty
	LENGTHSMULTIPLY
	TAILPOWERS
	PARTS(SEALPART, end)
	JMP   end

empty:
	VPXORQ X8, X4, X4
	LENGTHSMULTIPLY

end:
	MOVQ tag+64(FP), AX
	END
	RET

// func open512(k *key, dst, src *byte, n int, nonce, aad *byte, aadLen int, acc, tag *[16]byte)
TEXT ·open512(SB), NOSPLIT, $0-72
	ARGUMENTS(none)

none:
	CONSTANTS
	KEYS(keys)

keys:
	BEGIN
	SUBQ $256, CX
	JLT  tail

group:
	VMOVDQU64 (SI), Z4
	VMOVDQU64 64(SI), Z5
	VMOVDQU64 128(SI), Z6
	VMOVDQU64 192(SI), Z7
	REVERSE
	MIXED(last)

last:
	LAST(0, Z0, Z4)
	LAST(64, Z1, Z5)
	LAST(128, Z2, Z6)
	LAST(192, Z3, Z7)
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $256, CX
	JGE  group

tail:
	ADDQ $256, CX
	TAG
	CMPQ CX, $128
	JHI  large
	SMALL(rounds)
	JMP  rounds

large:
	LARGE(rounds)

rounds:
	LENGTHS
	TESTQ CX, CX
	JEQ   empty
	LENGTHSMULTIPLY
	TAILPOWERS
	PARTS(OPENPART, end)
	JMP   end

empty:
	VPXORQ X8, X4, X4
	LENGTHSMULTIPLY

end:
	MOVQ tag+64(FP), AX
	END
	RET

// func ghash512(k *key, acc *[16]byte, blocks *byte, n int)
TEXT ·ghash512(SB), NOSPLIT, $0-32
	MOVQ k+0(FP), R8
	MOVQ acc+8(FP), AX
	MOVQ blocks+16(FP), SI
	MOVQ n+24(FP), CX
	CONSTANTS
	VMOVDQU64 (AX), X8
	SUBQ $256, CX
	JLT  rest

group:
	VMOVDQU64 (SI), Z4
	VMOVDQU64 64(SI), Z5
	VMOVDQU64 128(SI), Z6
	VMOVDQU64 192(SI), Z7
	REVERSE
	GHASH
	ADDQ $256, SI
	SUBQ $256, CX
	JGE  group

rest:
	ADDQ $256, CX
	JEQ  done
	LEAQ (key_powers+const_powers*16)(R8), R10
	SUBQ CX, R10
	MOVQ $-1, R11
	VPXORQ X9, X9, X9
	VPXORQ X10, X10, X10
	VPXORQ X11, X11, X11

part:
	MASK
	VMOVDQU8.Z (SI), K1, Z4
	VPSHUFB Z14, Z4, Z4
	VPXORQ Z8, Z4, Z4
	VPXORQ X8, X8, X8        // it counts once
	MULTIPLY(0(R10))
	ADDQ $64, SI
	ADDQ $64, R10
	SUBQ $64, CX
	JGT  part
	REDUCE1
	REDUCE2
	FOLD

done:
	VMOVDQU64 X8, (AX)
	VZEROUPPER
	RET
