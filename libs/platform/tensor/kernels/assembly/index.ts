/** The kernels' exports. All work on one imported memory, which they never allocate from. */
export { multiply, multiplyTransposed } from './products';
export { fillZero, sumColumns, transpose } from './matrices';
export { addScaledRows, copyRows, describeMeans, dotRows, dropout, gatherRows } from './rows';
export { maskByPositive, meanOfColumns, meanOfRows, relu, scaledRowGradients, scaleRows } from './rows';
export { sampledSoftmax } from './softmax';
export { adagrad, adam, selectEntries, sortKeys, sum } from './optimizers';
export { greatestGradients, greatestProducts } from './interests';
export { headGradients, heads, sumGivenPlaces, sumPlaces } from './heads';
