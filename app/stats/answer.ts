/** What a model has found on a frame, in the frame's own terms. */

export interface TopClass {
  label: string;
  score: number;
}

/** A box in shares of the frame's width and height, from its top left corner. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Something found at a place. */
export interface Detection {
  label: string;
  score: number;
  box: Box;
}

/** A point of a body or thing, in shares of the frame's width and height. */
export interface KeyPoint {
  label: string;
  score: number;
  x: number;
  y: number;
}

/** What a segmentation mask says of one class. */
export interface MaskClass {
  label: string;
  /** Share of the mask's places that are of this class. */
  share: number;
  /** The box around all of them. */
  box: Box;
}

export interface Answer {
  /** Best first: classes, or what was detected. */
  top: TopClass[];
  /** Best first. */
  detections?: Detection[];
  /** In the model's order. */
  keypoints?: KeyPoint[];
  /** Largest share first. */
  mask?: MaskClass[];
}
