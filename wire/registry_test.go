package wire

import (
	"cmp"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// A registryTable is one of the tables in this package with its type erased, and the place where the registry has it.
type registryTable struct {
	name     string
	rows     map[int]string // by number
	sorted   bool
	lookup   func(n int) string
	from, to string // ends of the passage in testdata/ikev2-registry.md
	label    string // in the first column of the registry's table of private code points
	extra    []int  // numbers that the passage mentions in brackets or ranges only
}

// tableOf erases the type of a table.
func tableOf[N number](name string, rows []named[N], lookup func(N) string, from, to, label string, extra ...int) registryTable {
	t := registryTable{name: name, rows: map[int]string{}, from: from, to: to, label: label, extra: extra}
	t.sorted = slices.IsSortedFunc(rows, func(a, b named[N]) int { return cmp.Compare(a.number, b.number) })
	for _, row := range rows {
		t.rows[int(row.number)] = row.name
	}
	t.sorted = t.sorted && len(t.rows) == len(rows)
	t.lookup = func(n int) string { return lookup(N(n)) }
	return t
}

func registryTables() []registryTable {
	const no = "" // no private code point
	return []registryTable{
		tableOf("exchanges", exchangeNames, ExchangeType.String, "## 1.", "## 2.", "exchange type", 240),
		tableOf("payloads", payloadNames, PayloadType.String, "## 2.", "Substructure", "payload type", 128),
		tableOf("transform types", transformTypeNames, TransformType.String, "## 3.", "Transform attributes", "transform type",
			6, 7, 8, 9, 10, 11, 12),
		tableOf("transform attributes", transformAttributeNames, TransformAttribute.String, "Transform attributes (16-bit "+
			"type field, top bit = AF): ", "### 3.1", no),
		tableOf("ENCR", encrNames, TransformENCR.IDName, "### 3.1", "### 3.2", no),
		tableOf("PRF", prfNames, TransformPRF.IDName, "Type 2 PRF", "### 3.3", no),
		tableOf("INTEG", integNames, TransformINTEG.IDName, "Type 3 INTEG", "### 3.4", no),
		tableOf("KE", keNames, TransformKE.IDName, "### 3.4", "### 3.5", no, 1024, 1035, 1036, 1037, 1038, 1640),
		tableOf("ADDKE", keNames, TransformADDKE7.IDName, "### 3.4", "### 3.5", no, 1024, 1035, 1036, 1037, 1038, 1640),
		tableOf("SN", snNames, TransformSN.IDName, "(RFC 9827 names)", "### 3.6", no),
		tableOf("KWA", kwaNames, TransformKWA.IDName, "KWA: ", "###", no),
		tableOf("GCAUTH", gcauthNames, TransformGCAUTH.IDName, "GCAUTH: ", "##", no),
		tableOf("protocols", protocolNames, ProtocolID.String, "## 4. Security protocol identifiers", "## 5.", "security protocol", 0),
		tableOf("identities", idTypeNames, IDType.String, "## 5. Identification types", "## 6.", no),
		tableOf("certificates", certEncodingNames, CertEncoding.String, "## 6. Certificate encodings", "## 7.", no),
		tableOf("methods", authMethodNames, AuthMethod.String, "## 7.", "IKEv2 hash", no),
		tableOf("hashes", hashNames, HashAlgorithm.String, "2 octets each): ", "DER", no),
		tableOf("notify errors", notifyErrorNames, NotifyType.String, "(0-16383)", "## 9.", "notify error", 0, 8192, 12345),
		tableOf("notify statuses", notifyStatusNames, NotifyType.String, "## 9.", "Private-use", "notify status",
			40960, 40962, 40963, 40964, 40965, 40966, 40967, 40968, 40969, 40970, 63652),
		tableOf("IPComp", ipcompNames, IPCompTransform.String, "payload compression): ", "##", no),
		tableOf("traffic selectors", tsTypeNames, TSType.String, "## 10. Traffic selector types", "## 11.", no),
		tableOf("configuration types", configTypeNames, ConfigType.String, "CFG types: ", "Attributes", no),
		tableOf("attributes", attributeNames, AttributeType.String, "Attributes (15-bit): ", "##", no, 23456, 23457,
			28672, 28673, 28674, 28675, 28676, 28677, 28678, 28679, 28680, 28681, 28682),
		tableOf("gateways", gatewayNames, GatewayType.String, "(REDIRECT, RFC 5685): ", "*", no),
		tableOf("ROHC", rohcNames, ROHCAttribute.String, "(RFC 5857): ", "*", no),
		tableOf("passwords", passwordNames, PasswordMethod.String, "(RFC 6467): ", "*", no),
		tableOf("PPK identities", ppkIDNames, PPKIDType.String, "* PPK ID types (RFC 8784): ", "*", no),
		tableOf("GSA", gsaNames, GSAAttribute.String, "GSA attributes ", "group-wide", no),
		tableOf("group policy", gwpNames, GroupPolicyAttribute.String, "policy attributes ", "group", no),
		tableOf("group keys", groupKeyNames, GroupKeyAttribute.String, "  key bag ", "member", no),
		tableOf("member keys", memberKeyNames, MemberKeyAttribute.String, "member key bag ", "*", no),
		tableOf("IP protocols", ipProtocolNames, IPProtocol.String, "numbers needed: ", "*", no),
		tableOf("AfRG", afrgNames, AfRGCode.String, no, no, "Diet-ESP AfRG code"),
	}
}

// Patterns of the registry's text.
var (
	bracketed = regexp.MustCompile(`\([^()]*\)`)
	conjoined = regexp.MustCompile(` and (\d)`)
	separator = regexp.MustCompile(`[;,.] |\.$`)
	item      = regexp.MustCompile(`^(\d+(?: ?/ ?\d+)*) (\S.*)$`)
	divider   = regexp.MustCompile(` ?[/,] ?`)
	notNames  = regexp.MustCompile(`^(reserved|unassigned|private)`)
)

// registryNumbers returns the numbers that the registry names for a table, each with the text around the name, and
// whether the number has the text for itself.
func registryNumbers(t *testing.T, document string, table registryTable) (texts map[int]string, alone map[int]bool) {
	t.Helper()
	texts, alone = map[int]string{}, map[int]bool{}
	add := func(numbers, text string) {
		list := divider.Split(numbers, -1)
		for _, number := range list {
			n, err := strconv.ParseInt(number, 0, 32)
			if err != nil {
				return // a range, which the extra numbers stand for
			}
			texts[int(n)], alone[int(n)] = text, len(list) == 1
		}
	}
	for line := range strings.Lines(passage(t, document, "## 13.", "No collisions")) {
		if cells := strings.Split(line, " | "); table.label != "" && strings.HasPrefix(cells[0], "| "+table.label) {
			add(cells[1], cells[2])
		}
	}
	if table.from == "" {
		return texts, alone
	}
	prose := ""
	for line := range strings.Lines(passage(t, document, table.from, table.to)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 3 {
			prose += strings.TrimSpace(line) + " "
		} else if text := strings.TrimSpace(strings.Join(cells[2:], " ")); !notNames.MatchString(text) {
			add(strings.TrimSpace(cells[1]), text)
		}
	}
	prose = conjoined.ReplaceAllString(bracketed.ReplaceAllString(prose, ""), ", $1")
	for _, piece := range separator.Split(strings.Join(strings.Fields(prose), " "), -1) {
		if m := item.FindStringSubmatch(piece); m != nil && !notNames.MatchString(m[2]) {
			add(m[1], m[2])
		}
	}
	return texts, alone
}

// passage returns the text between the first from and the next to.
func passage(t *testing.T, document, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(document, from)
	if !found {
		t.Fatalf("registry has no %q", from)
	}
	rest, _, found = strings.Cut(rest, to)
	if !found {
		t.Fatalf("registry has no %q after %q", to, from)
	}
	return rest
}

// letters reduces a name to what must agree: letters and digits in lower case.
func letters(name string) string {
	return regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(strings.ToLower(name), "")
}

// nameFits holds a name against the registry's text. Where several numbers share the text ("14 / 15 / 16"), a word will do.
func nameFits(name, text string, alone bool) bool {
	if alone {
		return strings.Contains(letters(text), letters(name))
	}
	words := regexp.MustCompile(`[A-Za-z]{3,}|\d{2,}`).FindAllString(name, -1)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(letters(text), letters(word)) })
}

func TestEveryRegisteredNumberHasItsName(t *testing.T) {
	content, err := os.ReadFile("testdata/ikev2-registry.md")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, table := range registryTables() {
		t.Run(table.name, func(t *testing.T) {
			texts, alone := registryNumbers(t, string(content), table)
			for n, text := range texts {
				if name := table.rows[n]; !nameFits(name, text, alone[n]) {
					t.Errorf("%d is named %q, the registry says %q", n, name, text)
				}
			}
			want := slices.Sorted(maps.Keys(texts))
			want = slices.Compact(slices.Sorted(slices.Values(append(want, table.extra...))))
			if diff := gocmp.Diff(want, slices.Sorted(maps.Keys(table.rows))); diff != "" {
				t.Errorf("numbers (-registry +package):\n%s", diff)
			}
			total += len(table.rows)
		})
	}
	if total < 400 {
		t.Errorf("%d numbers found, want above 400: the registry is not being read", total)
	}
}

func TestTablesAreSortedAndFound(t *testing.T) {
	for _, table := range registryTables() {
		t.Run(table.name, func(t *testing.T) {
			if !table.sorted {
				t.Error("not in ascending order, or a number twice")
			}
			for n, name := range table.rows {
				if got := table.lookup(n); got != name {
					t.Errorf("%d: got %q, want %q", n, got, name)
				}
			}
		})
	}
}

func TestUnknownNumbersShowTheRegistryAndTheNumber(t *testing.T) {
	unknown := regexp.MustCompile(`^[A-Z0-9_]+(\([0-9]+\))?\(233\)$`)
	for _, table := range registryTables() {
		if got := table.lookup(233); !unknown.MatchString(got) {
			t.Errorf("%s: got %q", table.name, got)
		}
	}
	tests := map[string]string{
		NotifyType(40000).String():          "NOTIFY(40000)",
		NotifyType(50).String():             "NOTIFY(50)",
		TransformSSKDF.IDName(3):            "SSKDF(3)",
		TransformID(20).String():            "20",
		TransformADDKE2.IDName(999):         "ADDKE2(999)",
		TransformType(77).IDName(1):         "TRANSFORM(77)(1)",
		AttributeType(0x7000 + 11).String(): "ATTRIBUTE(28683)",
	}
	for got, want := range tests {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestKnownNamesAllocateNothing(t *testing.T) {
	for _, table := range registryTables() {
		for n := range table.rows {
			if got := testing.AllocsPerRun(2, func() { _ = table.lookup(n) }); got != 0 {
				t.Errorf("%s: %d: %v allocations", table.name, n, got)
			}
		}
	}
}

func TestErrorTypesEndBelow16384(t *testing.T) {
	for n := range 0x10000 {
		if got, want := NotifyType(n).IsError(), n < 16384; got != want {
			t.Fatalf("%d: got %v, want %v", n, got, want)
		}
	}
}
