package fakemongod

import (
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// evaluate computes an expression for a document: manual, "Aggregation
// Expressions", as far as the fake knows them. Other documents are evaluated
// field by field, other values are themselves.
func evaluate(d bson.D, expression any) (any, error) {
	switch e := expression.(type) {
	case string:
		if e == "$$ROOT" {
			return d, nil
		}
		if name, ok := strings.CutPrefix(e, "$"); ok {
			return get(d, name), nil
		}
	case bson.D:
		if len(e) == 1 && strings.HasPrefix(e[0].Key, "$") {
			return operate(d, e[0].Key, e[0].Value)
		}
		return evaluateFields(d, e)
	}
	return expression, nil
}

func evaluateFields(d, fields bson.D) (out bson.D, err error) {
	for _, f := range fields {
		value, err := evaluate(d, f.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, bson.E{Key: f.Key, Value: value})
	}
	return out, nil
}

func operate(d bson.D, operator string, argument any) (any, error) {
	arguments, several := argument.(bson.A)
	if !several {
		arguments = bson.A{argument}
	}
	values := make([]any, len(arguments))
	for i, a := range arguments {
		var err error
		if values[i], err = evaluate(d, a); err != nil {
			return nil, err
		}
	}
	switch {
	case operator == "$bsonSize" && len(values) == 1:
		raw, err := bson.Marshal(values[0])
		return int32(len(raw)), err
	case operator == "$lte" && len(values) == 2:
		a, _ := toNumber(values[0])
		b, _ := toNumber(values[1])
		return a <= b, nil
	case operator == "$cond" && len(values) == 3:
		if yes, _ := toNumber(values[0]); yes != 0 {
			return values[1], nil
		}
		return values[2], nil
	case operator == "$literal" && len(values) == 1:
		return argument, nil
	}
	return nil, fails(168, "InvalidPipelineOperator", "Unrecognized expression '%s'", operator)
}
