//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// AES-GCM on vectors of two blocks (VAES, VPCLMULQDQ, AVX2), for processors that have no wider ones. The method is that of
// avx512_amd64.s; a group is four vectors, 128 octets. Round keys and powers come from memory, since there are sixteen
// registers. There are no masks either: what does not fill a group passes through a buffer.
//
//	R8 key  SI source  DI destination  BX ciphertext for GHASH  CX octets to come  R9 state  R12 offset of the last round key
//	Y0-Y3 counter blocks  Y4 round key  Y5, Y6, Y7 low, middle and high of a product  Y8 ciphertext  Y9, Y10 scratch
//	Y11 reversal  Y12 polynomial  Y13 counters, reversed  Y14 their step  Y15 GHASH so far, in lane 0

DATA reverse2<>+0(SB)/8, $0x08090a0b0c0d0e0f
DATA reverse2<>+8(SB)/8, $0x0001020304050607
GLOBL reverse2<>(SB), RODATA|NOPTR, $16

DATA polynomial2<>+0(SB)/8, $0xc200000000000000
GLOBL polynomial2<>(SB), RODATA|NOPTR, $8

DATA pair<>+0(SB)/8, $0
DATA pair<>+8(SB)/8, $0
DATA pair<>+16(SB)/8, $1
DATA pair<>+24(SB)/8, $0
GLOBL pair<>(SB), RODATA|NOPTR, $32

DATA two<>+0(SB)/8, $2
DATA two<>+8(SB)/8, $0
GLOBL two<>(SB), RODATA|NOPTR, $16

// From 128-n on it is a mask of n octets.
DATA masks<>+0(SB)/8, $-1
DATA masks<>+8(SB)/8, $-1
DATA masks<>+16(SB)/8, $-1
DATA masks<>+24(SB)/8, $-1
DATA masks<>+32(SB)/8, $-1
DATA masks<>+40(SB)/8, $-1
DATA masks<>+48(SB)/8, $-1
DATA masks<>+56(SB)/8, $-1
DATA masks<>+64(SB)/8, $-1
DATA masks<>+72(SB)/8, $-1
DATA masks<>+80(SB)/8, $-1
DATA masks<>+88(SB)/8, $-1
DATA masks<>+96(SB)/8, $-1
DATA masks<>+104(SB)/8, $-1
DATA masks<>+112(SB)/8, $-1
DATA masks<>+120(SB)/8, $-1
GLOBL masks<>(SB), RODATA|NOPTR, $256

#define POWER(i) (key_powers+(const_powers-i)*16)(R8)

#define CONSTANTS \
	VBROADCASTI128 reverse2<>(SB), Y11; \
	VPBROADCASTQ polynomial2<>(SB), Y12

// BEGIN loads the state, and the offset of the last round key.
#define BEGIN \
	CONSTANTS; \
	VBROADCASTI128 two<>(SB), Y14; \
	VBROADCASTI128 state_counter(R9), Y13; \
	VPADDD pair<>(SB), Y13, Y13; \
	VMOVDQU state_acc(R9), X15; \
	MOVQ key_count(R8), R13; \
	MOVQ R13, R12; \
	SHLQ $4, R12

// COUNT makes the next four vectors of counter blocks and adds round key 0.
#define COUNT \
	VBROADCASTI128 key_rounds(R8), Y4; \
	VPSHUFB Y11, Y13, Y0; \
	VPADDD Y14, Y13, Y13; \
	VPSHUFB Y11, Y13, Y1; \
	VPADDD Y14, Y13, Y13; \
	VPSHUFB Y11, Y13, Y2; \
	VPADDD Y14, Y13, Y13; \
	VPSHUFB Y11, Y13, Y3; \
	VPADDD Y14, Y13, Y13; \
	VPXOR Y4, Y0, Y0; \
	VPXOR Y4, Y1, Y1; \
	VPXOR Y4, Y2, Y2; \
	VPXOR Y4, Y3, Y3

#define ROUND(i) \
	VBROADCASTI128 (key_rounds+i*16)(R8), Y4; \
	VAESENC Y4, Y0, Y0; \
	VAESENC Y4, Y1, Y1; \
	VAESENC Y4, Y2, Y2; \
	VAESENC Y4, Y3, Y3

// ROUND5 is a round of the tail, with the counter block of the tag in X10.
#define ROUND5(i) \
	ROUND(i); \
	VAESENC X4, X10, X10

// LONGER does the rounds that keys of 192 and 256 bits have more.
#define LONGER(round, done) \
	CMPQ R13, $12; \
	JB done; \
	round(10); \
	round(11); \
	JEQ done; \
	round(12); \
	round(13)

// LAST does the last round, and adds the text: it is added to the round key first.
#define LAST(off, b) \
	VPXOR off(SI), Y4, Y9; \
	VAESENCLAST Y9, b, b; \
	VMOVDQU b, off(DI)

#define LOAD(off) \
	VMOVDQU off(BX), Y8; \
	VPSHUFB Y11, Y8, Y8

// MULTIPLY1 begins the sum of products with Y8 times h; MULTIPLY adds to it.
#define MULTIPLY1(h) \
	VPCLMULQDQ $0x00, h, Y8, Y5; \
	VPCLMULQDQ $0x11, h, Y8, Y7; \
	VPCLMULQDQ $0x01, h, Y8, Y6; \
	VPCLMULQDQ $0x10, h, Y8, Y8; \
	VPXOR Y8, Y6, Y6

#define MULTIPLY(h) \
	VPCLMULQDQ $0x00, h, Y8, Y9; \
	VPXOR Y9, Y5, Y5; \
	VPCLMULQDQ $0x11, h, Y8, Y9; \
	VPXOR Y9, Y7, Y7; \
	VPCLMULQDQ $0x01, h, Y8, Y9; \
	VPXOR Y9, Y6, Y6; \
	VPCLMULQDQ $0x10, h, Y8, Y8; \
	VPXOR Y8, Y6, Y6

// REDUCE1 and REDUCE2 leave the sum modulo the polynomial in Y7, a part of it in each lane; FOLD adds up the lanes.
#define REDUCE1 \
	VPCLMULQDQ $0x00, Y12, Y5, Y9; \
	VPSHUFD $0x4e, Y5, Y5; \
	VPXOR Y9, Y6, Y6; \
	VPXOR Y5, Y6, Y6

#define REDUCE2 \
	VPCLMULQDQ $0x00, Y12, Y6, Y9; \
	VPSHUFD $0x4e, Y6, Y6; \
	VPXOR Y9, Y7, Y7; \
	VPXOR Y6, Y7, Y7

#define FOLD \
	VEXTRACTI128 $1, Y7, X9; \
	VPXOR X9, X7, X15

// GHASH adds the group at BX to GHASH.
#define GHASH \
	LOAD(0); \
	VPXOR Y15, Y8, Y8; \
	MULTIPLY1(POWER(8)); \
	LOAD(32); \
	MULTIPLY(POWER(6)); \
	LOAD(64); \
	MULTIPLY(POWER(4)); \
	LOAD(96); \
	MULTIPLY(POWER(2)); \
	REDUCE1; \
	REDUCE2; \
	FOLD; \
	ADDQ $128, BX

// func crypt256(k *key, dst, src *byte, n int, s *state, seal bool)
TEXT ·crypt256(SB), NOSPLIT, $0-41
	MOVQ    k+0(FP), R8
	MOVQ    dst+8(FP), DI
	MOVQ    src+16(FP), SI
	MOVQ    n+24(FP), CX
	MOVQ    s+32(FP), R9
	MOVBLZX seal+40(FP), R14
	BEGIN
	MOVQ    SI, BX
	TESTL   R14, R14
	JEQ     group
	MOVQ    DI, BX           // GHASH takes what was written before
	COUNT
	ROUND(1)
	ROUND(2)
	ROUND(3)
	ROUND(4)
	ROUND(5)
	ROUND(6)
	ROUND(7)
	ROUND(8)
	ROUND(9)
	LONGER(ROUND, last)
	JMP     last

group:
	COUNT
	LOAD(0)
	VPXOR Y15, Y8, Y8
	ROUND(1)
	MULTIPLY1(POWER(8))
	LOAD(32)
	ROUND(2)
	MULTIPLY(POWER(6))
	ROUND(3)
	LOAD(64)
	ROUND(4)
	MULTIPLY(POWER(4))
	LOAD(96)
	ROUND(5)
	MULTIPLY(POWER(2))
	ROUND(6)
	REDUCE1
	ROUND(7)
	REDUCE2
	ROUND(8)
	FOLD
	ROUND(9)
	ADDQ  $128, BX
	LONGER(ROUND, last)

last:
	VBROADCASTI128 key_rounds(R8)(R12*1), Y4
	LAST(0, Y0)
	LAST(32, Y1)
	LAST(64, Y2)
	LAST(96, Y3)
	ADDQ $128, SI
	ADDQ $128, DI
	SUBQ $128, CX
	JG   group
	TESTL R14, R14
	JEQ  done
	GHASH

done:
	VMOVDQU X13, state_counter(R9)
	VMOVDQU X15, state_acc(R9)
	VZEROUPPER
	RET

// SEALPART and OPENPART do the last round of a vector that may be short. The buffer is zero behind the text.
#define SEALPART(off, b) \
	VPXOR off(DI), Y4, Y8; \
	VAESENCLAST Y8, b, b; \
	VPAND off(SI), b, Y8; \
	VMOVDQU Y8, off(DI); \
	VPSHUFB Y11, Y8, Y8

#define OPENPART(off, b) \
	VMOVDQU off(DI), Y8; \
	VPXOR Y8, Y4, Y9; \
	VAESENCLAST Y9, b, b; \
	VMOVDQU b, off(DI); \
	VPSHUFB Y11, Y8, Y8

#define PARTS(part, done) \
	part(0, Y0); \
	VPXOR Y15, Y8, Y8; \
	MULTIPLY(0(R10)); \
	SUBQ $32, CX; \
	JLE done; \
	part(32, Y1); \
	MULTIPLY(32(R10)); \
	SUBQ $32, CX; \
	JLE done; \
	part(64, Y2); \
	MULTIPLY(64(R10)); \
	SUBQ $32, CX; \
	JLE done; \
	part(96, Y3); \
	MULTIPLY(96(R10))

// func tail256(k *key, buf *[128]byte, n int, s *state, lengths, tag *[16]byte, seal bool)
TEXT ·tail256(SB), NOSPLIT, $0-49
	MOVQ    k+0(FP), R8
	MOVQ    buf+8(FP), DI
	MOVQ    n+16(FP), CX
	MOVQ    s+24(FP), R9
	MOVQ    lengths+32(FP), AX
	MOVQ    tag+40(FP), DX
	MOVBLZX seal+48(FP), R14
	BEGIN
	MOVL    $1, R10
	VPINSRD $0, R10, X13, X10
	VPSHUFB X11, X10, X10
	COUNT
	VPXOR   X4, X10, X10
	ROUND5(1)
	ROUND5(2)
	ROUND5(3)
	ROUND5(4)
	ROUND5(5)
	ROUND5(6)
	ROUND5(7)
	ROUND5(8)
	ROUND5(9)
	LONGER(ROUND5, last)

last:
	VBROADCASTI128 key_rounds(R8)(R12*1), Y4
	VAESENCLAST X4, X10, X10

	// The block of lengths comes last (SP 800-38D, Section 7.1), the text before it.
	VMOVDQU (AX), X8
	MULTIPLY1(POWER(1))
	LEAQ    15(CX), AX
	ANDQ    $-16, AX
	LEAQ    (key_powers+(const_powers-1)*16)(R8), R10
	SUBQ    AX, R10
	LEAQ    masks<>+128(SB), SI
	SUBQ    CX, SI
	TESTL   R14, R14
	JEQ     open
	PARTS(SEALPART, end)
	JMP     end

open:
	PARTS(OPENPART, end)

end:
	REDUCE1
	REDUCE2
	FOLD
	VPSHUFB X11, X15, X15
	VPXOR   X10, X15, X15
	VMOVDQU X15, (DX)
	VZEROUPPER
	RET

// func ghash256(k *key, acc *[16]byte, blocks *byte, n int)
TEXT ·ghash256(SB), NOSPLIT, $0-32
	MOVQ k+0(FP), R8
	MOVQ acc+8(FP), AX
	MOVQ blocks+16(FP), BX
	MOVQ n+24(FP), CX
	CONSTANTS
	VMOVDQU (AX), X15
	SUBQ $128, CX
	JLT  rest

group:
	GHASH
	SUBQ $128, CX
	JGE  group

rest:
	ADDQ $128, CX
	JEQ  done

block:
	VMOVDQU (BX), X8
	VPSHUFB X11, X8, X8
	VPXOR X15, X8, X8
	MULTIPLY1(POWER(1))
	REDUCE1
	REDUCE2
	VMOVDQA X7, X15
	ADDQ $16, BX
	SUBQ $16, CX
	JNE  block

done:
	VMOVDQU X15, (AX)
	VZEROUPPER
	RET
