package config

import (
	"path"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parsers recurse for every open bracket and operator, and a stack that overflows ends the process. So a file is
// measured before it is parsed. No configuration comes near the limits.
const (
	deepestNesting = 100
	mostOperators  = 10_000
)

// tooComplex reports whether a file must not reach its parser.
func tooComplex(name string, raw []byte) bool {
	if path.Ext(name) == ".json" {
		return jsonDepth(raw) > deepestNesting
	}
	tokens, _ := hclsyntax.LexConfig(raw, name, hcl.InitialPos)
	return tooComplexTokens(tokens)
}

// tooComplexExpression is tooComplex for an expression inside a JSON string.
func tooComplexExpression(raw []byte) bool {
	tokens, _ := hclsyntax.LexExpression(raw, "", hcl.InitialPos)
	return tooComplexTokens(tokens)
}

func tooComplexTokens(tokens hclsyntax.Tokens) bool {
	depth, operators := 0, 0
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth = max(0, depth-1)
		case hclsyntax.TokenTemplateControl:
			depth, operators = depth+1, operators+1
		case hclsyntax.TokenMinus:
			if i+1 == len(tokens) || tokens[i+1].Type != hclsyntax.TokenNumberLit {
				operators++
			}
		case hclsyntax.TokenBang, hclsyntax.TokenQuestion, hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent,
			hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenDot:
			operators++
		}
		if depth > deepestNesting || operators > mostOperators {
			return true
		}
	}
	return false
}

// jsonDepth returns how deep the brackets of a JSON text nest.
func jsonDepth(raw []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}', c == ']':
			depth--
		}
	}
	return deepest
}
