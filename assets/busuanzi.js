// For busuanzi's snippet with another host. It turns the elements that busuanzi fills by id into elements that footfall.js fills.

const IDS = {
  page_pv: { footfall: 'views' },
  site_pv: { footfall: 'views', scope: 'site' },
  site_uv: { footfall: 'visitors' },
};

const adopt = () => {
  for (const [id, data] of Object.entries(IDS)) {
    const value = document.getElementById(`busuanzi_value_${id}`);
    const container = document.getElementById(`busuanzi_container_${id}`);
    if (value) Object.assign(value.dataset, data);
    // Snippets hide the container until there is a number.
    if (container) container.style.display = 'inline';
  }
};

// The script loads with `async`, so it may run before the elements exist. But it always runs before the first answer.
adopt();
document.addEventListener('DOMContentLoaded', adopt);
