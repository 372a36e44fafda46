package api_test

import (
	"os"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"

	"culvert/api"
)

// Another implementation of OpenAPI reads the document, resolves its references, and finds what programs rely on.
func TestDocumentIsOpenAPI(t *testing.T) {
	text, err := os.ReadFile("../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	if v := document.GetVersion(); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("version %s", v)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		if !strings.HasPrefix(path, "/"+api.Version+"/") {
			t.Errorf("%s has no version", path)
		}
		for method, op := range item.GetOperations().FromOldest() {
			if op.OperationId == "" || names[op.OperationId] || op.Summary == "" || op.Responses.Default == nil {
				t.Errorf("%s %s: name %q, summary %q", method, path, op.OperationId, op.Summary)
			}
			names[op.OperationId] = true
			var role api.Role
			if x, ok := op.Extensions.Get("x-role"); !ok || role.UnmarshalText([]byte(x.Value)) != nil {
				t.Errorf("%s %s has no role", method, path)
			}
		}
	}
	if len(names) < 30 {
		t.Errorf("only %d operations", len(names))
	}
}
