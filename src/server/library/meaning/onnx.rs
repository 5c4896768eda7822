//! Rewrites a model so that its tables of words stay in bytes.
//!
//! The published model stores weights as `q × scale`, bytes with a scale a row, and turns each into floats once. For the table
//! of words that takes four times its size, although a text looks up a few rows of it. Here such a table is looked up first,
//! and only the rows found are turned into floats, by the same product: `Gather(Cast(q) × scale, ids)` becomes
//! `Cast(Gather(q, ids)) × Gather(scale, ids)`. Field numbers are those of `onnx.proto3`.

use std::collections::HashMap;

/// Of a model: its graph.
const GRAPH: u64 = 7;
/// Of a graph.
const NODE: u64 = 1;
const INITIALIZER: u64 = 5;
/// Of a node.
const INPUT: u64 = 1;
const OUTPUT: u64 = 2;
const OPERATION: u64 = 4;
const ATTRIBUTE: u64 = 5;
/// Of an initializer.
const DIMENSION: u64 = 1;
const TENSOR_NAME: u64 = 8;

/// A field of a message (Protocol Buffers' wire format).
struct Field<'a> {
    number: u64,
    /// With its key.
    whole: &'a [u8],
    /// Its value: a number, or bytes.
    number_value: u64,
    bytes: &'a [u8],
}

struct Node<'a> {
    inputs: Vec<&'a [u8]>,
    outputs: Vec<&'a [u8]>,
    operation: &'a [u8],
    /// The fields of its attributes, as they are.
    attributes: Vec<&'a [u8]>,
}

/// The model with its tables looked up in bytes; as it is if it has none, or is of another form.
pub fn with_tables_in_bytes(model: Vec<u8>) -> Vec<u8> {
    rewrite(&model).unwrap_or(model)
}

fn rewrite(model: &[u8]) -> Option<Vec<u8>> {
    let fields = fields(model)?;
    let graph = self::fields(fields.iter().find(|field| field.number == GRAPH)?.bytes)?;
    let nodes: Vec<Option<Node<'_>>> =
        graph.iter().map(|field| if field.number == NODE { node(field.bytes) } else { None }).collect();
    let by_output: HashMap<&[u8], &Node<'_>> =
        nodes.iter().flatten().filter_map(|node| Some((*node.outputs.first()?, node))).collect();
    let scales: Vec<&[u8]> =
        graph.iter().filter(|field| field.number == INITIALIZER).filter_map(|field| scale_a_row(field.bytes)).collect();
    let mut rewritten = Vec::with_capacity(model.len());
    let mut has_changed = false;
    for (field, node) in graph.iter().zip(&nodes) {
        match node.as_ref().and_then(|node| looked_up(node, &by_output, &scales)) {
            Some(nodes) => {
                has_changed = true;
                nodes.iter().for_each(|node| put_bytes(&mut rewritten, NODE, node));
            }
            None => rewritten.extend_from_slice(field.whole),
        }
    }
    let mut made = Vec::with_capacity(model.len() + 1_024);
    for field in fields {
        match field.number {
            GRAPH => put_bytes(&mut made, GRAPH, &rewritten),
            _ => made.extend_from_slice(field.whole),
        }
    }
    has_changed.then_some(made)
}

/// The nodes in place of a look-up in a table that is `Cast(q) × scale`. The table itself is then used by nothing, and is not
/// made.
fn looked_up(gather: &Node<'_>, by_output: &HashMap<&[u8], &Node<'_>>, scales: &[&[u8]]) -> Option<[Vec<u8>; 4]> {
    // Without attributes it looks up rows.
    let [table, ids] = gather.inputs[..] else { return None };
    if gather.operation != b"Gather" || !gather.attributes.is_empty() {
        return None;
    }
    let product = by_output.get(table).filter(|node| node.operation == b"Mul")?;
    let [floats, scale] = product.inputs[..] else { return None };
    let cast = by_output.get(floats).filter(|node| node.operation == b"Cast")?;
    let ([bytes], true) = (&cast.inputs[..], scales.contains(&scale)) else { return None };
    let out = *gather.outputs.first()?;
    let named = |end: &[u8]| [out, end].concat();
    let (found, as_floats, found_scale) = (named(b"_bytes"), named(b"_floats"), named(b"_scale"));
    Some([
        make_node(b"Gather", &[bytes, ids], &found, &[]),
        make_node(b"Cast", &[&found], &as_floats, &cast.attributes),
        make_node(b"Gather", &[scale, ids], &found_scale, &[]),
        make_node(b"Mul", &[&as_floats, &found_scale], out, &[]),
    ])
}

fn make_node(operation: &[u8], inputs: &[&[u8]], output: &[u8], attributes: &[&[u8]]) -> Vec<u8> {
    let mut node = Vec::new();
    inputs.iter().for_each(|input| put_bytes(&mut node, INPUT, input));
    put_bytes(&mut node, OUTPUT, output);
    put_bytes(&mut node, OPERATION, operation);
    attributes.iter().for_each(|attribute| node.extend_from_slice(attribute));
    node
}

fn node(message: &[u8]) -> Option<Node<'_>> {
    let fields = fields(message)?;
    let of = |number: u64| fields.iter().filter(move |field| field.number == number);
    Some(Node {
        inputs: of(INPUT).map(|field| field.bytes).collect(),
        outputs: of(OUTPUT).map(|field| field.bytes).collect(),
        operation: of(OPERATION).next()?.bytes,
        attributes: of(ATTRIBUTE).map(|field| field.whole).collect(),
    })
}

/// The name of an initializer with one number a row.
fn scale_a_row(message: &[u8]) -> Option<&[u8]> {
    let fields = fields(message)?;
    let dimensions: Vec<u64> =
        fields.iter().filter(|field| field.number == DIMENSION).map(|field| field.number_value).collect();
    let name = fields.iter().find(|field| field.number == TENSOR_NAME)?.bytes;
    matches!(dimensions[..], [_, 1]).then_some(name)
}

/// The fields of a message; `None` if it is damaged.
fn fields(message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let whole = rest;
        let key = take_number(&mut rest)?;
        let (mut number_value, mut bytes) = (0, &[][..]);
        match key & 7 {
            0 => number_value = take_number(&mut rest)?,
            1 => bytes = take(&mut rest, 8)?,
            2 => {
                let length = usize::try_from(take_number(&mut rest)?).ok()?;
                bytes = take(&mut rest, length)?;
            }
            5 => bytes = take(&mut rest, 4)?,
            _ => return None,
        }
        fields.push(Field { number: key >> 3, whole: &whole[..whole.len() - rest.len()], number_value, bytes });
    }
    Some(fields)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// A number of up to ten bytes, seven bits each, the lowest first.
fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn put_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn put_bytes(into: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_number(into, number << 3 | 2);
    put_number(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn initializer(name: &[u8], dimensions: &[u64]) -> Vec<u8> {
        let mut tensor = Vec::new();
        for dimension in dimensions {
            put_number(&mut tensor, DIMENSION << 3);
            put_number(&mut tensor, *dimension);
        }
        put_bytes(&mut tensor, TENSOR_NAME, name);
        tensor
    }

    /// A model that looks up rows of `q × scale`, whose scale has this many numbers a row.
    fn model(scale_columns: u64) -> Vec<u8> {
        let mut to = Vec::new();
        put_bytes(&mut to, ATTRIBUTE, b"to float");
        let mut graph = Vec::new();
        put_bytes(&mut graph, NODE, &make_node(b"Cast", &[b"q"], b"f", &[&to]));
        put_bytes(&mut graph, NODE, &make_node(b"Mul", &[b"f", b"scale"], b"table", &[]));
        put_bytes(&mut graph, NODE, &make_node(b"Gather", &[b"table", b"ids"], b"out", &[]));
        put_bytes(&mut graph, INITIALIZER, &initializer(b"q", &[300, 4]));
        put_bytes(&mut graph, INITIALIZER, &initializer(b"scale", &[300, scale_columns]));
        let mut model = vec![0x08, 0x0a];
        put_bytes(&mut model, GRAPH, &graph);
        model
    }

    /// `out = Gather(table, ids)` of each node of a model.
    fn nodes(model: &[u8]) -> Vec<String> {
        let top = fields(model).unwrap();
        let graph = fields(top.iter().find(|field| field.number == GRAPH).unwrap().bytes).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let tell = |node: Node<'_>| {
            let inputs: Vec<String> = node.inputs.iter().map(|input| text(input)).collect();
            format!("{} = {}({})", text(node.outputs[0]), text(node.operation), inputs.join(", "))
        };
        graph.iter().filter(|field| field.number == NODE).filter_map(|field| node(field.bytes).map(tell)).collect()
    }

    #[test]
    fn rows_are_looked_up_before_they_become_floats() {
        let made = with_tables_in_bytes(model(1));
        let expected = [
            "f = Cast(q)",
            "table = Mul(f, scale)",
            "out_bytes = Gather(q, ids)",
            "out_floats = Cast(out_bytes)",
            "out_scale = Gather(scale, ids)",
            "out = Mul(out_floats, out_scale)",
        ];
        assert_eq!(nodes(&made), expected);
        assert_eq!(made[..2], [0x08, 0x0a]);
        assert!(made.windows(8).filter(|window| window == b"to float").count() == 2, "the cast is to the same type");
    }

    #[test]
    fn a_model_of_another_form_stays_as_it_is() {
        assert_eq!(with_tables_in_bytes(model(4)), model(4));
        assert_eq!(with_tables_in_bytes(b"no model".to_vec()), b"no model");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            with_tables_in_bytes(bytes);
        }
    }
}
