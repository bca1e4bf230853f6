package route53test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/dnsplan/dnsplan/providers/providertest/description"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// modelVariable names AWS's description of the API, a file api-2.json, where the
// module cache does not hold it.
const modelVariable = "DNSPLAN_AWS_MODEL"

// model is AWS's own description of the API, in the form that its SDK for Go 1
// was generated from
// (https://github.com/aws/aws-sdk-go/tree/main/models/apis/route53/2013-04-01).
type model struct {
	Operations map[string]operation
	Shapes     map[string]shape
}

// operation is one of the API's requests.
type operation struct {
	HTTP struct{ Method, RequestURI string }
	// Input has LocationName and XMLNamespace where the request has a body.
	Input member
}

// shape is a type. Min and Max bound a number, the characters of a string or the
// length of a list.
type shape struct {
	Type     string
	Required []string
	Members  map[string]member
	Member   member
	Min, Max *int64
	Enum     []string
	Pattern  string
}

// member is a use of a shape.
type member struct {
	Shape, Location, LocationName string
	XMLNamespace                  struct{ URI string }
}

// described is AWS's description, read once.
var described = sync.OnceValues(func() (*model, error) {
	path, err := modelPath()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read AWS's model: %w", err)
	}
	m := &model{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("read AWS's model %s: %w", path, err)
	}
	return m, nil
})

// modelPath finds the description without the network: .ci/models.mod says which
// module holds it.
func modelPath() (string, error) {
	if path := os.Getenv(modelVariable); path != "" {
		return path, nil
	}
	goMod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find AWS's model: %w", err)
	}
	models := filepath.Join(filepath.Dir(strings.TrimSpace(string(goMod))), ".ci", "models.mod")
	list := exec.Command("go", "list", "-m", "-modfile="+models, "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go")
	list.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod")
	dir, err := list.Output()
	if err != nil || len(bytes.TrimSpace(dir)) == 0 {
		return "", errors.New("AWS's model is not at hand: go mod download -modfile=.ci/models.mod, or set " + modelVariable)
	}
	return filepath.Join(string(bytes.TrimSpace(dir)), "models", "apis", "route53", "2013-04-01", "api-2.json"), nil
}

// Unchecked is for tests that send what AWS's model does not allow: from now on,
// no request is held against it.
func (s *Server) Unchecked() { s.watch.Off() }

// byModel watches requests by AWS's model. Where that is not at hand, it may have
// to be.
func byModel() *description.Watch {
	return description.New("AWS's model", func(method, path, query string, body []byte) []string {
		switch m, err := described(); {
		case err == nil:
			return m.breaches(method, path, query, body)
		case needs.Required():
			return []string{err.Error()}
		}
		return nil
	})
}

// operation finds what a request is. A path in the model may end with a slash
// that clients leave out.
func (m *model) operation(method, path string) (name string, labels map[string]string) {
	given := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for name, o := range m.Operations {
		route, _, _ := strings.Cut(o.HTTP.RequestURI, "?")
		if o.HTTP.Method != method {
			continue
		}
		if labels, ok := matchPath(strings.Split(strings.TrimSuffix(route, "/"), "/"), given); ok {
			return name, labels
		}
	}
	return "", nil
}

// matchPath compares a path with one that has labels like {Id} in it.
func matchPath(route, given []string) (labels map[string]string, ok bool) {
	labels = map[string]string{}
	equal := slices.EqualFunc(route, given, func(r, g string) bool {
		if label, isLabel := strings.CutPrefix(r, "{"); isLabel {
			labels[strings.TrimSuffix(label, "}")] = g
			return g != ""
		}
		return r == g
	})
	return labels, equal
}
