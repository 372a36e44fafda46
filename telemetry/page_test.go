package telemetry

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"culvert/internal/golden"
)

// The page has spans and attributes as they are.
func TestReferenceIsUpToDate(t *testing.T) {
	golden.Part(t, "../docs/telemetry.md", "<!-- spans: go test ./telemetry -run Reference -update -->\n", "<!-- end of spans -->\n", reference())
}

// constants are the values of the package's constants of a type.
func constants(t *testing.T, file, kind string) (list []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if name, ok := v.Type.(*ast.Ident); ok && name.Name == kind {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, text)
			}
		}
		return true
	})
	return list
}

// Every key, kind and outcome of the code is documented.
func TestNothingIsLeftOutOfTheReference(t *testing.T) {
	var keys, kinds []string
	for _, d := range keyDocs() {
		keys = append(keys, string(d.key))
	}
	for _, d := range spanDocs() {
		kinds = append(kinds, d[0])
	}
	for _, k := range constants(t, "attribute.go", "key") {
		if !slices.Contains(keys, k) {
			t.Errorf("attribute %s is not documented", k)
		}
	}
	for _, k := range constants(t, "operation.go", "kind") {
		if !slices.Contains(kinds, k) {
			t.Errorf("span %s is not documented", k)
		}
	}
	outcomes := constants(t, "operation.go", "outcome")
	for _, o := range outcomes {
		if !strings.Contains(reference(), "`"+o+"`") {
			t.Errorf("outcome %s is not documented", o)
		}
	}
	if len(keys) < 25 || len(kinds) < 9 || len(outcomes) != 5 {
		t.Errorf("found %d keys, %d kinds and outcomes %v", len(keys), len(kinds), outcomes)
	}
}

// spanDocs say what the spans are.
func spanDocs() [][2]string {
	return [][2]string{
		{string(handshake), "From the first message of an IKE SA, or the attempt to send one, until it is established with its first child, or has failed."},
		{string(reauthentication), "The same, of an IKE SA that takes the place of another one (RFC 7296, Section 2.8.3). We know that of those alone that we begin. The link is to the handshake of the other."},
		{string(rekeyIKE), "Rekeying of the IKE SA, by either side."},
		{string(deleteIKE), "The end of an IKE SA, when one side tells the other."},
		{string(createChild), "A further child."},
		{string(rekeyChild), "Rekeying of a child, by either side."},
		{string(deleteChild), "The end of a child, the old one of a rekeying as well."},
		{string(liveness), "A peer that was asked whether it lives and has not answered at once; answers at once make no span."},
		{string(informational), "Any other INFORMATIONAL exchange."},
		{"IKE_SA_INIT, IKE_INTERMEDIATE, IKE_AUTH, CREATE_CHILD_SA, IKE_FOLLOWUP_KE, INFORMATIONAL", "An exchange of the operation above it, from the request to the response. Kind `CLIENT`: the request is ours; `SERVER`: it is the peer's."},
	}
}

// A keyDoc says what an attribute is, and of which spans.
type keyDoc struct {
	key   key
	of    string
	value string
}

const (
	ofOperations = "operations"
	ofExchanges  = "exchanges"
	ofAll        = "all"
)

func keyDocs() []keyDoc {
	return []keyDoc{
		{keyConnection, ofOperations, "name of the connection; missing of peers that are for none"},
		{keyChild, ofOperations, "name of the child"},
		{keyChildSuite, ofOperations, "algorithms of the child"},
		{keyChildIn, ofOperations, "inbound SPI of the child, 8 hexadecimal digits"},
		{keyChildOut, ofOperations, "outbound SPI of the child"},
		{keyOutcome, ofOperations, "`done`; `partial`: the IKE SA is up, but something has failed on the way, such as its child; `failed`; `closed`: it was ended before it was done; `redirected` (RFC 5685)"},
		{keyRole, ofAll, "`initiator`: we have begun it; or `responder`"},
		{keySA, ofOperations, "number of the IKE SA, as `culvert status` shows it"},
		{keySPI, ofOperations, "our SPI of the IKE SA, 16 hexadecimal digits"},
		{keySuite, ofOperations, "algorithms of the IKE SA, once established or rekeyed"},
		{keyQuantum, ofOperations, "whether its messages withstand a quantum computer"},
		{keyPeer, ofOperations, "identity of the peer; where the IKE SA was never up it is only claimed"},
		{keyLocal, ofOperations, "our identity"},
		{keyOmitted, ofOperations, fmt.Sprintf("exchanges beyond the first %d, which have no span", maxExchanges)},
		{keyExchange, ofExchanges, "exchange type"},
		{keyMessageID, ofExchanges, "Message ID"},
		{keyRequest, ofExchanges, "octets of the request"},
		{keyRequests, ofExchanges, "datagrams that it was cut into (RFC 7383)"},
		{keyRequestAgain, ofExchanges, "times that we have sent it again"},
		{keyAnswer, ofExchanges, "octets of the response; missing where there was none"},
		{keyAnswers, ofExchanges, "datagrams that it was cut into"},
		{keyAnswerAgain, ofExchanges, "times that we have sent it again, since the request came again"},
		{keyNotify, ofAll, "notification that tells of the failure"},
		{keyError, ofAll, "stable code of the failure, which `culvert explain CODE` tells more about"},
		{keyPeerAddress, ofAll, "address of the peer"},
		{keyPeerPort, ofAll, "its port"},
		{keyLocalAddress, ofAll, "our address"},
		{keyLocalPort, ofAll, "our port"},
		{keyTransport, ofAll, "`udp` or `tcp`"},
		{keyNetwork, ofAll, "`ipv4` or `ipv6`"},
	}
}

// reference documents all spans and attributes as tables in Markdown.
func reference() string {
	var b strings.Builder
	b.WriteString("| span | what |\n|---|---|\n")
	for _, d := range spanDocs() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(d[0], ", ", "`, `"), d[1])
	}
	b.WriteString("\n| attribute | of | value |\n|---|---|---|\n")
	for _, d := range keyDocs() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.key, d.of, d.value)
	}
	return b.String()
}
