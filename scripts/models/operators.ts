/** The options of each operator, the same in both number formats. */
import type { Activation, Operator } from './graph.ts';
import type { OptionField } from './tflite-writer.ts';

/** ActivationFunctionType. */
const ACTIVATION: Record<Activation, number> = { none: 0, relu: 1, relu6: 3 };

const byte = (field: number, value: number): OptionField => ({ field, kind: 'byte', value });
const int = (field: number, value: number): OptionField => ({ field, kind: 'int', value });

/** Padding is SAME, number 0, the value of an absent field. */
export function optionsOf(operator: Operator): OptionField[] {
  switch (operator.kind) {
    case 'conv':
      return [
        int(1, operator.stride),
        int(2, operator.stride),
        byte(3, ACTIVATION[operator.activation]),
      ];
    case 'depthwise':
      return [
        int(1, operator.stride),
        int(2, operator.stride),
        int(3, 1),
        byte(4, ACTIVATION[operator.activation]),
      ];
    case 'maxpool':
      return [
        int(1, operator.stride),
        int(2, operator.stride),
        int(3, operator.size),
        int(4, operator.size),
      ];
    case 'add':
    case 'mul':
      return [byte(0, ACTIVATION[operator.activation])];
    case 'mean':
      return [byte(0, 1)];
    case 'softmax':
      return [{ field: 0, kind: 'float', value: 1 }];
    default:
      return [];
  }
}
