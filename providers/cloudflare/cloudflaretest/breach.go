package cloudflaretest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// breaches returns what a request has against Cloudflare's description.
func breaches(method, path, query string, body []byte) []string {
	o, ok := find(method, path)
	if !ok {
		return []string{"no operation of dnsplan's"}
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return []string{err.Error()}
	}
	return append(checkQuery(o.params, values), checkBody(o.params, body)...)
}

// checkQuery compares a query with the fields that have a name in one.
func checkQuery(params reflect.Type, values url.Values) (all []string) {
	known := map[string]reflect.Type{}
	if params != nil {
		addParameters(known, "", params)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		typ, ok := known[name]
		switch {
		case !ok:
			all = append(all, fmt.Sprintf("query: unknown parameter %q", name))
		case len(values[name]) > 1:
			all = append(all, fmt.Sprintf("query: %q twice", name))
		default:
			all = append(all, checkParameter("query: "+name, typ, values.Get(name))...)
		}
	}
	return all
}

// addParameters adds the parameters of an object. Those of one within it go by
// the names of both, with a dot between.
func addParameters(known map[string]reflect.Type, prefix string, object reflect.Type) {
	for _, f := range reflect.VisibleFields(object) {
		name := f.Tag.Get("query")
		if name == "" {
			continue
		}
		if typ := valueOf(f); typ.Kind() == reflect.Struct {
			addParameters(known, prefix+name+".", typ)
		} else {
			known[prefix+name] = typ
		}
	}
}

// checkParameter compares a parameter with its type. A list has commas.
func checkParameter(path string, typ reflect.Type, text string) (all []string) {
	var value any = text
	switch typ.Kind() {
	case reflect.Slice:
		for part := range strings.SplitSeq(text, ",") {
			all = append(all, checkParameter(path, typ.Elem(), part)...)
		}
		return all
	case reflect.Bool:
		if text == "true" || text == "false" {
			value = text == "true"
		}
	case reflect.Float64:
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			value = json.Number(text)
		}
	}
	return checkValue(path, "", typ, value)
}

// checkBody compares a body with the fields that have a name in one.
func checkBody(params reflect.Type, body []byte) []string {
	if params == nil || !slices.ContainsFunc(reflect.VisibleFields(params), func(f reflect.StructField) bool { return f.Tag.Get("json") != "" }) {
		if len(body) > 0 {
			return []string{"a body, where there is none"}
		}
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var document any
	if err := d.Decode(&document); err != nil {
		return []string{"body: " + err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return []string{"body: more than one document"}
	}
	return checkValue("body", "", params, document)
}

// valueOf is the type of what a field holds: the SDK wraps each.
func valueOf(f reflect.StructField) reflect.Type {
	if value, ok := f.Type.FieldByName("Value"); ok {
		return value.Type
	}
	return f.Type
}

// checkValue compares a value of JSON with its type. A type that is not known
// here is a breach, so that nothing passes because it was not understood.
func checkValue(path, format string, typ reflect.Type, value any) []string {
	ok := false
	switch typ.Kind() {
	case reflect.Struct:
		if object, isObject := value.(map[string]any); isObject {
			return checkObject(path, typ, object)
		}
	case reflect.Slice:
		if list, isList := value.([]any); isList {
			return checkList(path, typ, list)
		}
	case reflect.Interface:
		return checkForms(path, typ, value)
	case reflect.String:
		var text string
		if text, ok = value.(string); ok {
			return checkText(path, format, typ, text)
		}
	case reflect.Bool:
		_, ok = value.(bool)
	case reflect.Float64:
		_, ok = value.(json.Number)
	default:
		return []string{fmt.Sprintf("%s: type %s is not checked here", path, typ)}
	}
	if !ok {
		return []string{fmt.Sprintf("%s: %v is no %s", path, value, typ.Kind())}
	}
	return nil
}

func checkObject(path string, typ reflect.Type, object map[string]any) (all []string) {
	known := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(typ) {
		if name := f.Tag.Get("json"); name != "" {
			known[name] = f
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		f, ok := known[name]
		if !ok {
			all = append(all, fmt.Sprintf("%s: unknown field %q", path, name))
			continue
		}
		all = append(all, checkValue(path+"."+name, f.Tag.Get("format"), valueOf(f), object[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if _, said := object[name]; !said && required(typ, known[name]) {
			all = append(all, fmt.Sprintf("%s: no %q", path, name))
		}
	}
	return all
}

func checkList(path string, typ reflect.Type, list []any) (all []string) {
	for i, item := range list {
		all = append(all, checkValue(fmt.Sprintf("%s[%d]", path, i), "", typ.Elem(), item)...)
	}
	return all
}

// checkForms compares a value with each form that it may have, and returns what
// it has against the one that it is nearest to: that of its type, if it says one.
func checkForms(path string, union reflect.Type, value any) []string {
	var nearest []string
	least := -1
	for _, form := range forms(union) {
		found := checkValue(path, "", form, value)
		distance := len(found)
		if slices.ContainsFunc(found, func(b string) bool { return strings.HasPrefix(b, path+".type: ") }) {
			distance += 100
		}
		if least < 0 || distance < least {
			nearest, least = found, distance
		}
	}
	if least < 0 {
		return []string{fmt.Sprintf("%s: dnsplan sends no %s", path, union)}
	}
	return nearest
}

// checkText compares a text with its format and with the values that its type
// has constants for.
func checkText(path, format string, typ reflect.Type, text string) (all []string) {
	v := reflect.New(typ).Elem()
	v.SetString(text)
	if enum, ok := v.Interface().(interface{ IsKnown() bool }); ok && !enum.IsKnown() {
		all = append(all, fmt.Sprintf("%s: %q is no %s", path, text, typ))
	}
	addr, err := netip.ParseAddr(text)
	if format == "ipv4" && !addr.Is4() || format == "ipv6" && (err != nil || addr.Is4() || addr.Zone() != "") {
		all = append(all, fmt.Sprintf("%s: %q is no %s", path, text, format))
	}
	return all
}
