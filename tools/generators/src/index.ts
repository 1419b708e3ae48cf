export { AnchorError, NameError } from './edit';
export { default as event } from './event';
export { default as feature } from './feature';
export { default as library } from './library';
export { default as service } from './service';
