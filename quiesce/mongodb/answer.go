package mongodb

import (
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce"
)

// answerOfDocuments is the one field of the one document, _id aside.
func answerOfDocuments(batch []bson.Raw) (quiesce.Answer, error) {
	if len(batch) == 0 {
		return quiesce.Answer{Null: true}, nil
	}
	fields, err := batch[0].Elements()
	if err != nil {
		return quiesce.Answer{}, err
	}
	var value bson.RawValue
	n := 0
	for _, f := range fields {
		if f.Key() != "_id" {
			value, n = f.Value(), n+1
		}
	}
	if len(batch) > 1 || n > 1 {
		return quiesce.Answer{}, notOne()
	}
	return answerOf(value)
}

// answerOf is a value as text: numbers in decimal, dates by ISO 8601 in UTC.
func answerOf(v bson.RawValue) (quiesce.Answer, error) {
	switch v.Type {
	case 0, bson.TypeNull, bson.TypeUndefined:
		return quiesce.Answer{Null: true}, nil
	case bson.TypeString:
		return quiesce.NewAnswer(v.StringValue(), false)
	case bson.TypeInt32:
		return quiesce.Answer{Value: strconv.FormatInt(int64(v.Int32()), 10)}, nil
	case bson.TypeInt64:
		return quiesce.Answer{Value: strconv.FormatInt(v.Int64(), 10)}, nil
	case bson.TypeDouble:
		return quiesce.Answer{Value: strconv.FormatFloat(v.Double(), 'f', -1, 64)}, nil
	case bson.TypeDecimal128:
		return quiesce.Answer{Value: v.Decimal128().String()}, nil
	case bson.TypeBoolean:
		return quiesce.Answer{Value: strconv.FormatBool(v.Boolean())}, nil
	case bson.TypeDateTime:
		return quiesce.Answer{Value: v.Time().UTC().Format("2006-01-02T15:04:05.000Z07:00")}, nil
	case bson.TypeObjectID:
		return quiesce.Answer{Value: v.ObjectID().Hex()}, nil
	case bson.TypeTimestamp:
		seconds, n := v.Timestamp()
		return quiesce.Answer{Value: stamp(bson.Timestamp{T: seconds, I: n})}, nil
	}
	return quiesce.Answer{}, notOne()
}

func notOne() error {
	return unaskable(fmt.Sprintf("the answer is not one value of at most %d bytes", quiesce.MaxAnswer), usualQuestion)
}
